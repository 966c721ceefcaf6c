from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import estimate_for, project_for
from annotate.enums import Role
from annotate.models import Estimate
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.estimate import EstimateSerializer


class EstimateViewSet(NounViewSet):
    """Measured numbers with their intervals and n."""

    queryset = Estimate.objects.none()
    serializer_class = EstimateSerializer

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.estimates.select_related("criterion", "rater"))

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(estimate_for(asker(request), pk)).data)
