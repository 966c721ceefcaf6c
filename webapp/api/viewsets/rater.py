from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, rater_for
from annotate.enums import Role
from annotate.models import Rater
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.rater import RaterSerializer


class RaterViewSet(NounViewSet):
    """People, judges, rollouts, verifiers and gold keys, all on one footing."""

    queryset = Rater.objects.none()
    serializer_class = RaterSerializer

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.raters.select_related("person"))

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(rater_for(asker(request), pk)).data)
