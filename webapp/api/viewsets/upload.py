from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, upload_for
from annotate.enums import Role, UploadState
from annotate.errors import Conflict
from annotate.ingest.looking import look_at
from annotate.ingest.said_options import options_from
from annotate.ingest.uploads import add_piece, ask_ingest, begin_upload, forget_upload, stop_ingest
from annotate.models import Upload
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.parsers import JsonBody
from webapp.api.serializers.upload import NewUpload, Piece, PreviewSerializer, Reading, UploadSerializer
from webapp.api.uploads import WholeBody, body_on_disk
from workers.tasks.ingest import send_upload, store


class UploadViewSet(NounViewSet):
    """Files of any size, in pieces: make one, send its bytes, ask for its rows to be read, watch."""

    queryset = Upload.objects.none()
    serializer_class = UploadSerializer
    pagination_class = NewestFirst
    parser_classes = (JsonBody,)

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.MANAGER)
        return self.page(Upload.objects.filter(project=project).select_related("project", "person"))

    @extend_schema(request=NewUpload, responses={201: UploadSerializer})
    def create(self, request: Request, slug: str) -> Response:
        """Say what is to come. Where this very file was broken off, by its name, size and digest, it goes on."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        said = NewUpload(data=request.data)
        said.is_valid(raise_exception=True)
        begun = Upload.objects.filter(
            project=project, person=asker(request), state=UploadState.COMING, **said.validated_data
        ).last()
        upload = begun or begin_upload(project, asker(request), store(), **said.validated_data)
        return Response(self.get_serializer(upload).data, status=201)

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(upload_for(asker(request), pk)).data)

    def destroy(self, request: Request, pk: int) -> Response:
        """Throw the file away; what was brought in of it stays."""
        forget_upload(upload_for(asker(request), pk), store())
        return Response(status=204)

    @extend_schema(responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: int) -> Response:
        """The first rows as they would look."""
        upload = upload_for(asker(request), pk)
        said = Reading(data=request.data)
        said.is_valid(raise_exception=True)
        if not upload.is_here:
            raise Conflict("The file is not here: not all of it has arrived, or it has been brought in.")
        options = options_from(said.validated_data["options"])
        found = look_at(store().content(upload), format=said.validated_data["format"], options=options)
        return Response(PreviewSerializer(found).data)

    @extend_schema(request=Reading, responses={202: UploadSerializer})
    @action(detail=True, methods=["post"])
    def ingest(self, request: Request, pk: int) -> Response:
        """Hand the file to a worker. Its `state` ends as `done`, `tried`, `failed` or `cancelled`."""
        upload = upload_for(asker(request), pk)
        said = Reading(data=request.data)
        said.is_valid(raise_exception=True)
        asked = ask_ingest(upload, store(), **said.validated_data)
        send_upload(asked)
        return Response(self.get_serializer(asked).data, status=202)

    @extend_schema(request=None, responses={200: UploadSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: int) -> Response:
        """Stop after the rows at hand. What has been written stays."""
        upload = upload_for(asker(request), pk)
        stop_ingest(upload, store())
        upload.refresh_from_db()
        return Response(self.get_serializer(upload).data)


class UploadContentViewSet(NounViewSet):
    """The bytes of an upload."""

    queryset = Upload.objects.none()
    serializer_class = UploadSerializer
    parser_classes = (WholeBody,)

    @extend_schema(
        parameters=[Piece],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: UploadSerializer},
    )
    def create(self, request: Request, pk: int) -> Response:
        """Send a piece, at most as large as a request may be (20 MiB unless the operator says otherwise)."""
        upload = upload_for(asker(request), pk)
        said = Piece(data=request.query_params)
        said.is_valid(raise_exception=True)
        with body_on_disk(request.data) as path, path.open("rb") as body:
            upload = add_piece(upload, store(), offset=said.validated_data["offset"], body=body)
        return Response(self.get_serializer(upload).data)
