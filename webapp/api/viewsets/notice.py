from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import listener_for, notice_for, project_for
from annotate.addresses import reach_from
from annotate.enums import ListenerKind, Role
from annotate.models import Listener, Notice, Person, Project
from annotate.notices.listeners import (
    add_mail,
    add_webhook,
    change_events,
    listeners_of,
    remove_listener,
    renew_secret,
    try_listener,
)
from annotate.notices.sending import notices_of, send_again
from annotate.notices.signing import secret_of
from webapp.api.base import NewestFirst, NounViewSet, asker, clean
from webapp.api.serializers.notice import (
    ChangedListener,
    ListenerSerializer,
    NewListener,
    NoticeSerializer,
    SecretListener,
)
from workers.tasks.notices import send_notices


class ListenerViewSet(NounViewSet):
    """Who is told what happens in a project: programs by signed webhooks, members by e-mail. For its managers."""

    queryset = Listener.objects.none()
    serializer_class = ListenerSerializer

    def list(self, request: Request, slug: str) -> Response:
        return self.page(listeners_of(project_for(asker(request), slug, role=Role.MANAGER)))

    @extend_schema(request=NewListener, responses={201: SecretListener})
    def create(self, request: Request, slug: str) -> Response:
        """Add one. The secret of a webhook is in this answer and in no other."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        return Response(
            _with_secret(_added(project, asker(request), clean(NewListener, request.data))), status=201
        )

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(listener_for(asker(request), pk)).data)

    @extend_schema(request=ChangedListener, responses={200: ListenerSerializer})
    def update(self, request: Request, pk: int) -> Response:
        """Change what it is told of."""
        listener = listener_for(asker(request), pk)
        change_events(listener, clean(ChangedListener, request.data)["events"])
        return Response(self.get_serializer(listener).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove it with its notices; what was on its way is not sent."""
        remove_listener(listener_for(asker(request), pk))
        return Response(status=204)

    @extend_schema(request=None, responses={200: SecretListener})
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, pk: int) -> Response:
        """Make a new secret for a webhook; the old one signs nothing any more."""
        listener = listener_for(asker(request), pk)
        renew_secret(listener)
        return Response(_with_secret(listener))

    @extend_schema(request=None, responses={202: ListenerSerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Send it a notice of the type `test`."""
        listener = listener_for(asker(request), pk)
        try_listener(listener)
        send_notices(listener)
        return Response(self.get_serializer(listener).data, status=202)


class NoticeViewSet(NounViewSet):
    """What there was to tell, and what has become of it. Kept for 90 days."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        return self.page(notices_of(project_for(asker(request), slug, role=Role.MANAGER)))

    @extend_schema(request=None, responses={202: NoticeSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: int) -> Response:
        """Try one at once that was given up, or waits for its next try. Its `message_id` stays the same."""
        notice = send_again(notice_for(asker(request), pk))
        send_notices(notice.listener)
        return Response(self.get_serializer(notice).data, status=202)


def _added(project: Project, person: Person, given: dict[str, Any]) -> Listener:
    name, events = given["name"], given["events"]
    if given["kind"] == ListenerKind.MAIL:
        return add_mail(project, name=name, roles=given["roles"], events=events, by=person)
    reach = reach_from(settings.WEBHOOK_HOSTS)
    return add_webhook(project, name=name, url=given["url"], events=events, reach=reach, by=person)


def _with_secret(listener: Listener) -> dict[str, Any]:
    secret = secret_of(listener) if listener.kind == ListenerKind.WEBHOOK else ""
    return {**ListenerSerializer(listener).data, "secret": secret}
