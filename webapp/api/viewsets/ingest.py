from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from annotate.ingest.actions import ingest_file
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.models import Project
from webapp.api.serializers.ingest import IngestOptions, IngestReportSerializer
from webapp.api.uploads import body_on_disk
from workers.pictures import image_fetcher

# Of a request, for all images at addresses together; a file that is uploaded has no such limit.
MOST_FETCHING = 15.0


def ingested(
    request: Request, project: Project, said: IngestOptions, *, format: str, options: ReadOptions = PLAIN
) -> Response:
    """The body through the same action as the ingest command; 400 when nothing at all could be taken."""
    with body_on_disk(request.data) as path:
        report = ingest_file(
            project,
            path,
            format=format,
            options=options,
            is_dry_run=said.validated_data["is_dry_run"],
            is_strict=said.validated_data["is_strict"],
            fetcher=image_fetcher(),
            fetch_seconds=MOST_FETCHING,
        )
    is_refused = report.rejected > 0 and not report.created + report.updated + report.unchanged
    return Response(IngestReportSerializer(report).data, status=400 if is_refused else 200)
