from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import label_for, project_for, trace_for
from annotate.enums import Role
from annotate.models import Label
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.ingest import IngestOptions, IngestReportSerializer
from webapp.api.serializers.label import LabelFilters, LabelSerializer
from webapp.api.uploads import WholeBody
from webapp.api.viewsets.ingest import ingested


class LabelViewSet(NounViewSet):
    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    parser_classes = (WholeBody,)

    def retrieve(self, request: Request, pk: int) -> Response:
        """One's own label, or anybody's for those who may see results."""
        return Response(self.get_serializer(label_for(asker(request), pk)).data)

    @extend_schema(
        parameters=[IngestOptions],
        request={"application/json": OpenApiTypes.OBJECT, "text/csv": OpenApiTypes.STR},
        responses={200: IngestReportSerializer},
    )
    def create(self, request: Request, slug: str) -> Response:
        """Bring labels in that were made elsewhere, in the labels format of docs/formats.md."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        said = IngestOptions(data=request.query_params)
        said.is_valid(raise_exception=True)
        return ingested(request, project, said, format="labels")


class TraceLabelViewSet(NounViewSet):
    queryset = Label.objects.none()
    serializer_class = LabelSerializer

    @extend_schema(parameters=[LabelFilters])
    def list(self, request: Request, pk: int) -> Response:
        """Everything raters said about a trace and its steps."""
        trace = trace_for(asker(request), pk)
        filters = LabelFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        labels = Label.objects.filter(Q(trace=trace) | Q(step__trace=trace) | Q(candidate__step__trace=trace))
        return self.page(_filtered(labels, filters.validated_data))


def _filtered(labels: QuerySet[Label], wanted: dict[str, Any]) -> QuerySet[Label]:
    columns = {
        "rater_kind": "rater__kind",
        "rater": "rater__name",
        "criterion": "criterion__key",
        "step": "step__position",
        "is_live": "is_live",
    }
    found = labels.filter(**{columns[name]: value for name, value in wanted.items()})
    return found.select_related("rater", "criterion", "step", "assignment", "decided_by")
