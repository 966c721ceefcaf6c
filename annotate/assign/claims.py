"""Which slot a person gets. Each choice is one query over one index; nothing here is saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet
from django.db.models.lookups import LessThan
from django.utils.crypto import salted_hmac

from annotate.enums import AssignmentState, ExamState, Purpose, Role
from annotate.models import Assignment, Project, Rater, Turn
from annotate.prepared import Prepared

from .ordering import APART
from .readers import Seat
from .rules import QueueRules

# So many are counted when it is said how many there are; beyond that it is "more than".
COUNTED = 100
# Whoever runs or checks the work needs no exam to look into the queue.
NEEDS_NO_EXAM = (Role.OWNER, Role.MANAGER, Role.REVIEWER)


def skills_asked(rules: QueueRules, seat: Seat | None) -> tuple[str, ...] | None:
    """What a slot may ask of this person; None: nothing is asked of anybody."""
    return ("", *(seat.skills if seat else ())) if rules.skill_key else None


def unread(slots: QuerySet[Assignment], rater: Rater | int | None) -> QuerySet[Assignment]:
    """Those of the ordinary queue whose trace the person has had no slot of."""
    # PostgreSQL takes two bounds that it does not know for a narrow range: by the plan that it keeps for a prepared
    # query it would then read the whole queue, to sort what it believes to be few. Of one bound it thinks better.
    position = ExpressionWrapper(F("position") + 0, output_field=BigIntegerField())
    slots = slots.filter(LessThan(position, APART))
    if rater is None:
        return slots
    return slots.filter(~Exists(Assignment.objects.filter(trace=OuterRef("trace"), holder=rater)))


def open_slots(
    project: Project | int, rater: Rater | int | None, *, skills: Sequence[str] | None, start: int = 0
) -> QuerySet[Assignment]:
    """Open slots this person may take, in the order of the queue."""
    slots = Assignment.objects.filter(project=project, state=AssignmentState.OPEN, position__gte=start)
    if skills is not None:
        slots = slots.filter(skill__in=skills)
    return unread(slots, rater).order_by("position", "slot")


def held_slots(
    project: Project | int, rater: Rater | int | None, *, skills: Sequence[str] | None
) -> QuerySet[Assignment]:
    """What others hold and this person could take once the lease has run out."""
    slots = Assignment.objects.filter(project=project, state=AssignmentState.HELD)
    if skills is not None:
        slots = slots.filter(skill__in=skills)
    return unread(slots, rater).order_by("position", "slot")


def own_or_expired(
    project: Project, rater: Rater, *, skills: tuple[str, ...] | None, now: datetime
) -> list[Assignment]:
    """What the person holds, what was sent back to them, and what they could take over, in the order of the queue.

    As many as there are people, and those sent back to this one.
    """
    return _own_or_expired.all(project=project.pk, rater=rater.pk, now=now, **asked(skills))


def first_open(
    project: Project, rater: Rater, *, skills: tuple[str, ...] | None, start: int
) -> Assignment | None:
    """The next free slot for this person, locked; one that somebody is taking at this moment is stepped over."""
    return _first_open.first(project=project.pk, rater=rater.pk, start=start, **asked(skills))


def open_traces(project: Project, rater: Rater, *, skills: tuple[str, ...] | None, start: int) -> list[int]:
    """The traces of the next free slots, one for each slot, up to one more than :data:`COUNTED`."""
    rows = _open_traces.all(project=project.pk, rater=rater.pk, start=start, **asked(skills))
    return [trace for (trace,) in rows]


def lapsed_traces(
    project: Project, rater: Rater, *, skills: tuple[str, ...] | None, now: datetime
) -> list[int]:
    """The traces that others have let lapse and this person could take over."""
    rows = _lapsed_traces.all(project=project.pk, rater=rater.pk, now=now, **asked(skills))
    return [trace for (trace,) in rows]


def asked(skills: tuple[str, ...] | None) -> dict[str, Any]:
    return {} if skills is None else {"skills": skills}


def own_or_lapsed_slots(
    project: int, rater: int, now: datetime, skills: Sequence[str] | None = None
) -> QuerySet[Assignment]:
    """For :func:`own_or_expired`."""
    had = Exists(Assignment.objects.filter(trace=OuterRef("trace"), holder=rater))
    may = Q() if skills is None else Q(skill__in=skills)
    is_lapsed = Q(state=AssignmentState.HELD, held_until__lte=now, position__lt=APART)
    slots = Assignment.objects.filter(
        project=project, state__in=(AssignmentState.HELD, AssignmentState.RETURNED)
    )
    return slots.filter(Q(holder=rater) | may & is_lapsed & Q(~had)).order_by("position", "slot")


def first_free(
    project: int, rater: int, start: int, skills: Sequence[str] | None = None
) -> QuerySet[Assignment]:
    """For :func:`first_open`."""
    # SQLite has no row locks and ignores this: its transactions take the write lock when they begin.
    free = open_slots(project, rater, skills=skills, start=start)
    return free.select_for_update(skip_locked=True, of=("self",))[:1]


_own_or_expired: Prepared[Assignment] = Prepared(own_or_lapsed_slots)
_first_open: Prepared[Assignment] = Prepared(first_free)
_open_traces: Prepared[tuple[int]] = Prepared(
    lambda project, rater, start, skills=None: open_slots(
        project, rater, skills=skills, start=start
    ).values_list("trace_id")[: COUNTED + 1]
)
_lapsed_traces: Prepared[tuple[int]] = Prepared(
    lambda project, rater, now, skills=None: (
        held_slots(project, rater, skills=skills).filter(held_until__lte=now).values_list("trace_id")
    )
)


def is_locked_out(rules: QueueRules, seat: Seat) -> bool:
    """Whether the person must pass the exam before the queue opens to them."""
    needs_it = rules.exam_size > 0 and seat.role not in NEEDS_NO_EXAM
    return needs_it and seat.reader.exam in (ExamState.OPEN, ExamState.FAILED)


def is_gold_due(rate: float, taken: int, secret: str) -> bool:
    """Whether the next trace of somebody who has finished ``taken`` is a gold one.

    Exactly one of every 1/rate traces is, at a place within them that only the secret knows.
    """
    if rate <= 0:
        return False
    block = int(taken * rate)
    start, end = _first_of(block, rate), _first_of(block + 1, rate)
    if not start <= taken < end:  # a rounding at a block's edge
        block += 1 if taken >= end else -1
        start, end = _first_of(block, rate), _first_of(block + 1, rate)
    drawn = int.from_bytes(sha256(f"{secret}:{block}".encode()).digest()[:8])
    return taken == start + drawn % max(1, end - start)


def _first_of(block: int, rate: float) -> int:
    return -int(-block / rate // 1)


def gold_secret(project: Project, rater: Rater, queue: str = "traces") -> str:
    """Not to be guessed by those who know the program but not the site's key; another in each queue."""
    salt = "annotate.assign.gold" if queue == "traces" else f"annotate.assign.gold.{queue}"
    return salted_hmac(salt, f"{project.pk}:{rater.pk}").hexdigest()


def is_next_ordinary(project: Project, rater: Rater, rules: QueueRules, seat: Seat) -> bool:
    """Whether the next slot of the queue is for this person to take, if nothing of their own or lapsed comes before."""
    if seat.reader.paused_at is not None or is_locked_out(rules, seat):
        return False
    if rules.gold_rate <= 0:
        return True
    return not is_gold_due(rules.gold_rate, seat.reader.n_finished, gold_secret(project, rater))


def special_turn(project: Project, rater: Rater, purpose: Purpose, secret: str) -> Turn | None:
    """A trace of that use which the person has not had; people meet them in different orders."""
    had = Assignment.objects.filter(trace=OuterRef("trace"), holder=rater)
    turns = Turn.objects.filter(project=project, use=purpose).filter(~Exists(had)).order_by("luck")
    drawn = int.from_bytes(sha256(f"{secret}:{purpose}".encode()).digest()[:4]) >> 1
    return turns.filter(luck__gte=drawn).first() or turns.first()


def exam_taken(rater: Rater | int, since: datetime | None) -> QuerySet[Assignment]:
    """The exam readings of this attempt that count: skipped, or with a score. What has no key decides nothing."""
    counts = Q(state=AssignmentState.SKIPPED) | Q(state=AssignmentState.SUBMITTED, score__isnull=False)
    done = Assignment.objects.filter(counts, holder=rater, purpose=Purpose.EXAM)
    return done.filter(finished_at__gt=since) if since else done


def next_slot_number(trace_id: int) -> int:
    newest = Assignment.objects.filter(trace_id=trace_id).aggregate(newest=Max("slot"))["newest"]
    return 0 if newest is None else newest + 1
