from __future__ import annotations

from django.conf import settings as django_settings
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, release_for
from annotate.enums import Role
from annotate.export.actions import settings_for
from annotate.export.queries import release_file, releases_of
from annotate.export.registry import get_format
from annotate.models import Release
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.serializers.consensus import Queued
from webapp.api.serializers.release import NewRelease, ReleaseSerializer
from webapp.download import download
from workers.tasks.export import send_release


class ReleaseViewSet(NounViewSet):
    """Numbered data sets that no longer change."""

    queryset = Release.objects.none()
    serializer_class = ReleaseSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(releases_of(project))

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(release_for(asker(request), pk)).data)

    @extend_schema(request=NewRelease, responses={202: Queued})
    def create(self, request: Request, slug: str) -> Response:
        """Ask a worker to write a release of the newest consensus, of what people have compared, or of labels."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewRelease(data=request.data)
        new.is_valid(raise_exception=True)
        name, settings = new.validated_data["format"], new.validated_data.get("settings", {})
        settings_for(get_format(name), settings, django_settings.BENCHMARKS_DIR)
        send_release(project, format=name, settings=settings, person=asker(request))
        return Response({"detail": "A worker is writing the release; it is listed here."}, status=202)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def file(self, request: Request, pk: int, name: str) -> HttpResponseBase:
        """One file of a published release, by its path in the manifest; a `Range` of it where that is asked for."""
        release = release_for(asker(request), pk)
        path = release_file(release, name, django_settings.RELEASES_DIR)
        return download(request, path)
