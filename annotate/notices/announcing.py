"""Say that something has happened: a row for each listener who wants to know, in the transaction of the event itself.

Nothing is sent in here. What rolls back tells nobody; what is committed is told at least once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from django.db.models import QuerySet

from annotate import clock
from annotate.enums import ListenerKind, NoticeEvent
from annotate.models import Listener, Membership, Notice

# Of one event to one listener.
MOST_MAILED = 50


def announce(
    project: int, event: NoticeEvent, *, key: str, to: Sequence[Listener] | None = None, **facts: Any
) -> int:
    """Note that ``event`` is to be told to those of the project's listeners who want it; how many notices there are.

    ``key`` names what happened (its noun, its number, the moment): told again, it goes to nobody a second time.
    ``to`` are some of the listeners, None all of them. Call it in the transaction that makes it true.
    """
    known = Listener.objects.filter(project=project) if to is None else to
    rows = [row for one in known if event in one.events for row in notices_for(one, event, key, facts)]
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def notices_for(listener: Listener, event: NoticeEvent, key: str, facts: dict[str, Any]) -> Iterator[Notice]:
    """Unsaved: one to an address, or one for each member whom it is mailed to."""
    people = [None] if listener.kind == ListenerKind.WEBHOOK else mailed_members(listener)[:MOST_MAILED]
    for member in people:
        yield Notice(
            listener=listener,
            person=member.person if member else None,
            message_id=uuid4().hex,
            event=event,
            key=key,
            facts=facts,
            next_at=clock.now(),
        )


def mailed_members(listener: Listener) -> QuerySet[Membership]:
    """Members of the listener's roles who can be written to."""
    return _written_to(listener.project_id).filter(role__in=listener.roles).select_related("person")


def addresses_by_role(project: int) -> Counter[str]:
    """How many members of each role can be written to."""
    return Counter(_written_to(project).values_list("role", flat=True))


def _written_to(project: int) -> QuerySet[Membership]:
    members = Membership.objects.filter(project=project, person__is_active=True)
    return members.exclude(person__email="").order_by("pk")
