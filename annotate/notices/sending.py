"""Notices on their way: claimed under a lease, tried, tried again later, given up. A worker does the sending.

At least once: a worker that is killed after the receiver has answered and before that is written down leaves the notice
to the next, which sends it again under the same id.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext

from annotate import clock
from annotate.enums import NoticeState
from annotate.errors import Conflict
from annotate.models import Listener, Notice, Project

# After each try that failed, in seconds; one try more than there are waits, over about a day.
WAITS = (60, 300, 900, 3600, 7200, 21_600, 50_400)
TRIES = len(WAITS) + 1
# Each wait is longer or shorter by up to so much, so that a receiver that comes back is not met by all at once.
JITTER = 0.2
# Longer than any try takes (workers/post/).
LEASE = timedelta(seconds=90)
MOST_SAID = 200
KEPT = timedelta(days=90)
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try. ``words`` are the receiver's; ``is_final``: another try would be no use."""

    is_delivered: bool
    status: int | None = None
    words: str = ""
    is_final: bool = False


def listeners_due() -> list[int]:
    """Those to whom something is to be sent now and nobody is sending."""
    now = clock.now()
    found = _due(now).order_by("listener_id").values_list("listener_id", flat=True).distinct()
    at_work = Notice.objects.filter(state=NoticeState.WAITING, leased_until__gt=now).values("listener")
    return list(found.exclude(listener__in=at_work))


@transaction.atomic
def claim_notice(listener_id: int) -> Notice | None:
    """The oldest notice that is due, for one worker to send; None where there is none or somebody is at it.

    One at a time for each listener: a receiver that does not answer keeps one worker's thread waiting, not all.
    """
    now = clock.now()
    listener = Listener.objects.select_for_update(no_key=True).filter(pk=listener_id).first()
    waiting = Notice.objects.filter(listener=listener_id, state=NoticeState.WAITING)
    if listener is None or waiting.filter(leased_until__gt=now).exists():
        return None
    # Whoever held the last try was killed in it.
    waiting.filter(attempts__gte=F("forgiven") + TRIES).update(
        state=NoticeState.FAILED, leased_until=None, finished_at=now
    )
    notice = (
        _due(now)
        .filter(listener=listener_id)
        .select_related("listener__project", "person")
        .order_by("next_at", "pk")
        .first()
    )
    if notice is None:
        return None
    notice.attempts, notice.leased_until = notice.attempts + 1, now + LEASE
    notice.save(update_fields=["attempts", "leased_until"])
    return notice


def record_answer(notice: Notice, answer: Answer) -> bool:
    """Write down what came of a claimed notice; False where somebody else has taken it up or it is gone."""
    now = clock.now()
    state, next_at = NoticeState.DELIVERED, notice.next_at
    if not answer.is_delivered:
        tried = notice.attempts - notice.forgiven
        is_over = answer.is_final or tried >= TRIES
        state = NoticeState.FAILED if is_over else NoticeState.WAITING
        next_at = now if is_over else now + wait_after(tried)
    mine = Notice.objects.filter(pk=notice.pk, state=NoticeState.WAITING, attempts=notice.attempts)
    is_ours = mine.update(
        state=state,
        next_at=next_at,
        leased_until=None,
        status=answer.status,
        answer=plain(answer.words),
        finished_at=None if state == NoticeState.WAITING else now,
    )
    _forget_old(notice.listener_id, now)
    return bool(is_ours)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries that failed (from 1)."""
    return timedelta(seconds=WAITS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER))


def send_again(notice: Notice) -> Notice:
    """Try at once: what was given up, with all its tries anew, or what waits for its next. The id stays the same."""
    again = Notice.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=clock.now()),
        pk=notice.pk,
        state__in=(NoticeState.FAILED, NoticeState.WAITING),
    )
    anew = {"state": NoticeState.WAITING, "forgiven": F("attempts"), "next_at": clock.now()}
    if not again.update(**anew, leased_until=None, finished_at=None):
        raise Conflict(gettext("This notice is delivered, or just being sent."))
    notice.refresh_from_db()
    return notice


def notices_of(project: Project) -> QuerySet[Notice]:
    """Newest first."""
    found = Notice.objects.filter(listener__project=project)
    return found.select_related("listener", "person").order_by("-pk")


def plain(words: str) -> str:
    """What a receiver said, on one line and without what a database or a page could trip over."""
    kept = "".join(sign if sign.isprintable() else " " for sign in words[: 4 * MOST_SAID])
    return " ".join(kept.split())[:MOST_SAID]


def _due(now: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(state=NoticeState.WAITING, next_at__lte=now).exclude(leased_until__gt=now)


def _forget_old(listener_id: int, now: datetime) -> None:
    old = Notice.objects.filter(listener=listener_id, created_at__lt=now - KEPT)
    keys = list(
        old.exclude(state=NoticeState.WAITING)
        .order_by("pk")
        .values_list("pk", flat=True)[:_FORGOTTEN_AT_ONCE]
    )
    if keys:
        Notice.objects.filter(pk__in=keys).delete()
