from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import push_for, release_for
from annotate.enums import Role
from annotate.export.pushes import cancel_push, open_push, pushes_of, retry_push
from annotate.models import Push, Release
from webapp.api.base import NewestFirst, NounViewSet, asker
from webapp.api.serializers.push import AnotherTry, NewPush, PushSerializer
from workers.tasks.push import send_push


class ReleasePushViewSet(NounViewSet):
    """What has become of a release on the Hugging Face Hub."""

    queryset = Release.objects.none()
    serializer_class = PushSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, pk: int) -> Response:
        return self.page(pushes_of(release_for(asker(request), pk)))

    @extend_schema(request=NewPush, responses={202: PushSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Ask a worker to push the release. It is private unless `is_private` is false."""
        release = release_for(asker(request), pk, role=Role.MANAGER)
        said = NewPush(data=request.data)
        said.is_valid(raise_exception=True)
        push = open_push(release, person=asker(request), owners=settings.HUB_OWNERS, **said.validated_data)
        send_push(push)
        return Response(self.get_serializer(push).data, status=202)


class PushViewSet(NounViewSet):
    """One release on its way to one data set of the Hub."""

    queryset = Push.objects.none()
    serializer_class = PushSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        """How far it is. Its `state` ends as `done`, `failed` or `cancelled`."""
        return Response(self.get_serializer(push_for(asker(request), pk)).data)

    @extend_schema(request=None, responses={200: PushSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Stop it. What the Hub has stays there."""
        push = cancel_push(push_for(asker(request), pk, role=Role.MANAGER))
        return Response(self.get_serializer(push).data)

    @extend_schema(request=AnotherTry, responses={202: PushSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        """Take up one that failed or was stopped. What the Hub has is not sent again."""
        push = push_for(asker(request), pk, role=Role.MANAGER)
        said = AnotherTry(data=request.data)
        said.is_valid(raise_exception=True)
        again = retry_push(push, **said.validated_data)
        send_push(again)
        return Response(self.get_serializer(again).data, status=202)
