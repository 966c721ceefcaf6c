"""One thing done to many traces, a piece at a time: what may keep it from being done at all, and one piece of it.

Each piece is one transaction of the caller's. Nothing here goes through all of a project.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext

from annotate.assign.filling import place, write_turns
from annotate.assign.ordering import APART
from annotate.assign.readers import lock_readers, lower_cursors
from annotate.assign.rules import MOST_READINGS, rules_of
from annotate.enums import AssignmentState, Purpose
from annotate.errors import Rejected
from annotate.models import Assignment, Project, Turn

from .contracts import Change, TraceFilter
from .lists import traces_where

PIECE = 500
WITH_KEY = (Purpose.GOLD, Purpose.EXAM, Purpose.DEMO)


def require_possible(project: Project, wanted: TraceFilter, change: Change) -> None:
    """Raise Rejected where a trace of the filter is in the way; nothing is changed then."""
    ids = traces_where(project, wanted).order_by().values("pk")
    if change.do == "use" and change.use in WITH_KEY:
        without = Turn.objects.filter(project=project, has_gold=False, trace__in=ids).count()
        if without:
            raise Rejected(
                gettext(
                    "%(without)s of these traces have no gold labels, so nothing could be held against"
                    " them. Filter on those that have. Nothing was changed."
                )
                % {"without": without},
                field="use",
            )
    if change.do == "add_slots":
        standing = Count("pk", filter=Q(purpose=Purpose.WORK) & ~Q(state=AssignmentState.SKIPPED))
        slots = Assignment.objects.filter(project=project, trace__in=ids).order_by().values("trace")
        full = slots.annotate(n=standing).filter(n__gt=MOST_READINGS - change.slots).count()
        if full:
            raise Rejected(
                gettext(
                    "%(full)s traces would be read more than %(most_readings)s times. Nothing was changed."
                )
                % {"full": full, "most_readings": MOST_READINGS},
                field="slots",
            )


def change_some(project: Project, wanted: TraceFilter, change: Change, *, after: int, upto: int) -> list[int]:
    """Do it to the next traces of the filter behind ``after``, none behind ``upto``; which those were.

    The filter is asked when their piece comes: a trace that has left it meanwhile is left alone.
    """
    matching = traces_where(project, wanted).filter(pk__gt=after, pk__lte=upto)
    ids = list(matching.values_list("pk", flat=True)[:PIECE])
    if change.do == "add_slots":
        _add_slots(project, ids, change.slots)
    elif change.do == "priority":
        _set_priority(project, ids, change.priority)
    else:
        _set_use(project, ids, Purpose(change.use))
    return ids


def _add_slots(project: Project, ids: Sequence[int], slots: int) -> None:
    # The turn's lock makes this wait for a submit that is about to open a slot of the same trace.
    turns = Turn.objects.select_for_update().filter(trace__in=ids, use=Purpose.WORK).order_by("pk")
    rows = {turn.trace_id: turn for turn in turns}
    counted = Assignment.objects.filter(trace__in=rows).order_by().values_list("trace")
    standing = Count("pk", filter=Q(purpose=Purpose.WORK) & ~Q(state=AssignmentState.SKIPPED))
    known = {trace: (n, last) for trace, n, last in counted.annotate(n=standing, last=Max("slot"))}
    made = []
    for trace, turn in rows.items():
        n, newest = known.get(trace, (0, -1))
        made += [
            Assignment(
                project=project,
                trace_id=trace,
                slot=newest + 1 + i,
                position=turn.position,
                skill=turn.skill,
            )
            for i in range(min(slots, MOST_READINGS - n))
        ]
    Assignment.objects.bulk_create(made)
    if made:
        lower_cursors(project, min(one.position for one in made))


def _set_priority(project: Project, ids: Sequence[int], priority: int) -> None:
    rules = rules_of(project)
    turns = list(Turn.objects.select_for_update().filter(trace__in=ids).order_by("pk"))
    for turn in turns:
        turn.priority = priority
        place(turn, rules)
    write_turns(turns, ("priority", "position"))
    _follow_turns(project, turns)


def _set_use(project: Project, ids: Sequence[int], use: Purpose) -> None:
    """Ordinary slots of a trace that leaves the ordinary queue go, unless somebody's answers wait in them."""
    slots = Assignment.objects.filter(project=project, trace__in=ids)
    list(slots.select_for_update().filter(state=AssignmentState.HELD).order_by("pk"))
    turns = Turn.objects.filter(trace__in=ids)
    # Gold labels may have been taken away since it was asked for.
    (turns.filter(has_gold=True) if use in WITH_KEY else turns).update(use=use)
    lock_readers(project)  # no claim is under way below
    mine = slots.filter(purpose=Purpose.WORK)
    if use == Purpose.WORK:
        waiting = mine.filter(state__in=(AssignmentState.OPEN, AssignmentState.HELD), position__gte=APART)
        waiting.update(position=0)
        _follow_turns(project, list(turns))
    else:
        gone = mine.filter(trace__turn__use=use)
        gone.filter(state=AssignmentState.OPEN, labels__isnull=True).delete()
        still = gone.filter(state__in=(AssignmentState.OPEN, AssignmentState.HELD)).values("pk")
        Assignment.objects.filter(pk__in=list(still.values_list("pk", flat=True))).update(position=APART)


def _follow_turns(project: Project, turns: Sequence[Turn]) -> None:
    """Open ordinary slots to where their traces' turns stand now."""
    if not turns:
        return
    lower_cursors(project, min(turn.position for turn in turns))
    turn = Turn.objects.filter(trace=OuterRef("trace"))
    waiting = Assignment.objects.filter(
        trace__in=[one.trace_id for one in turns], state=AssignmentState.OPEN, position__lt=APART
    )
    pks = list(waiting.order_by().values_list("pk", flat=True))
    Assignment.objects.filter(pk__in=pks, state=AssignmentState.OPEN).update(
        position=Subquery(turn.values("position")[:1]), skill=Subquery(turn.values("skill")[:1])
    )
