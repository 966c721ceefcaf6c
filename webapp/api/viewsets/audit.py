from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, rater_for
from annotate.enums import RaterKind, Role
from annotate.errors import Rejected
from annotate.measure.reports import judge_report, judge_reports
from annotate.models import Rater
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.audit import JudgeReportSerializer


class JudgeViewSet(NounViewSet):
    """What the judges' audits found, and whether they pass the project's gate."""

    queryset = Rater.objects.none()
    serializer_class = JudgeReportSerializer
    pagination_class = None

    @extend_schema(responses=JudgeReportSerializer(many=True))
    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return Response(self.get_serializer(judge_reports(project), many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        rater = rater_for(asker(request), pk)
        if rater.kind != RaterKind.JUDGE:
            raise Rejected(f"{rater} is no judge, so there is nothing to audit.")
        return Response(self.get_serializer(judge_report(rater)).data)
