"""Who is told what happens in a project: added, changed, given a new secret, tried, removed. Their only writer."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TypeVar
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotate.enums import ListenerKind, NoticeEvent, Role
from annotate.errors import Conflict, Rejected
from annotate.models import Listener, Notice, Person, Project

from .addresses import Reach, checked_url
from .announcing import notices_for
from .events import SUBSCRIBED

MOST = 20
# Annotators see no runs, no releases and nobody's pauses; viewers see no queue.
MAILED_ROLES = (Role.OWNER, Role.MANAGER, Role.REVIEWER)

T = TypeVar("T", bound=str)


@transaction.atomic
def add_webhook(
    project: Project, *, name: str, url: str, events: Iterable[str], reach: Reach, by: Person | None = None
) -> Listener:
    """A program that is told by HTTP. ``reach`` is what the operator allows. The secret is ``signing.secret_of``."""
    return _added(
        project,
        Listener(
            kind=ListenerKind.WEBHOOK,
            name=_named(name),
            url=checked_url(url, reach),
            events=_some_of(SUBSCRIBED, events, "events"),
            created_by=by,
        ),
    )


@transaction.atomic
def add_mail(
    project: Project, *, name: str, roles: Iterable[str], events: Iterable[str], by: Person | None = None
) -> Listener:
    """Members who have one of ``roles`` when something happens."""
    return _added(
        project,
        Listener(
            kind=ListenerKind.MAIL,
            name=_named(name),
            roles=_some_of(MAILED_ROLES, roles, "roles"),
            events=_some_of(SUBSCRIBED, events, "events"),
            created_by=by,
        ),
    )


def change_events(listener: Listener, events: Iterable[str]) -> None:
    """What was on its way stays on its way."""
    listener.events = _some_of(SUBSCRIBED, events, "events")
    listener.save(update_fields=["events"])


def renew_secret(listener: Listener) -> None:
    """Sign by another secret from now on, also what was on its way."""
    if listener.kind != ListenerKind.WEBHOOK:
        raise Conflict(gettext("Only what goes to a program is signed."))
    listener.salt = _salt()
    listener.save(update_fields=["salt"])


def remove_listener(listener: Listener) -> None:
    """With its notices; what was on its way is not sent any more."""
    listener.delete()


def try_listener(listener: Listener) -> int:
    """Send it something; how many notices that makes. Conflict where nobody has the roles and an address."""
    key = f"test:{uuid4().hex}"
    made = Notice.objects.bulk_create(notices_for(listener, NoticeEvent.TEST, key, {}))
    if not made:
        raise Conflict(gettext("No member with these roles has an e-mail address."))
    return len(made)


def listeners_of(project: Project) -> QuerySet[Listener]:
    return Listener.objects.filter(project=project).select_related("project")


def _added(project: Project, listener: Listener) -> Listener:
    # The project's row is the queue of those who add at the same time.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Listener.objects.filter(project=project).count() >= MOST:
        raise Conflict(gettext("A project tells at most %(most)s. Remove one first.") % {"most": MOST})
    listener.project, listener.salt = project, _salt()
    listener.save()
    return listener


def _salt() -> str:
    return secrets.token_hex(16)


def _named(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise Rejected(gettext("Name it, in at most 100 characters."), field="name")
    return name


def _some_of(known: tuple[T, ...], given: Iterable[str], field: str) -> list[str]:
    chosen = list(dict.fromkeys(given))
    if not chosen:
        raise Rejected(gettext("Choose at least one."), field=field)
    if unknown := [one for one in chosen if one not in known]:
        raise Rejected(
            gettext("%(one)s is not known here. There are: %(known)s.")
            % {"one": repr(unknown[0])[:60], "known": ", ".join(str(one) for one in known)},
            field=field,
        )
    return chosen
