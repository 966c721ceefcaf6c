from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for
from annotate.enums import Role
from annotate.logbook import entries_of
from annotate.models import LogEntry
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.serializers.logbook import LogEntrySerializer


class LogEntryViewSet(NounViewSet):
    """The logbook of a project, for those who manage it."""

    queryset = LogEntry.objects.none()
    serializer_class = LogEntrySerializer
    pagination_class = NewestFirst

    @extend_schema(parameters=[OpenApiParameter("noun", str, description="only lines about this")])
    def list(self, request: Request, slug: str) -> Response:
        """Who changed what, newest first, with what stood before and after."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        return self.page(entries_of(project, request.query_params.get("noun", "")))
