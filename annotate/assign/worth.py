"""What reading a trace is worth, kept in its turn: told by whoever can work it out, forgotten when nobody can.

What is said of a trace after its worth was worked out is counted in the turn (``unheard``), in the statement that
counts the reading anyway. Whoever works the worth out anew says how much of that count they had heard; what came in
meanwhile is still to be heard.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from annotate.enums import AssignmentState, Purpose
from annotate.models import Assignment, Project, Run, Turn
from annotate.prepared import Prepared, PreparedUpdate

from .filling import place, write_turns
from .ordering import APART, luck_of
from .readers import lower_cursors
from .rules import rules_of


@dataclass(frozen=True, slots=True)
class Unheard:
    """A trace of which something was said ``times`` times since its worth was worked out."""

    turn: int
    trace: int
    times: int


def some_unheard(project: Project, most: int, *, after: int = 0) -> list[Unheard]:
    """Up to ``most`` traces whose worth is out of date, by their turns' ids."""
    rows = Turn.objects.filter(project=project, unheard__gt=0, pk__gt=after).order_by("pk")
    return [Unheard(*row) for row in rows.values_list("pk", "trace_id", "unheard")[:most]]


def has_unheard(project_id: int) -> bool:
    return Turn.objects.filter(project=project_id, unheard__gt=0).exists()


def heard_so_far(project: Project) -> dict[int, int]:
    """By trace, how often something was said that its worth does not know of: to be read before the labels are."""
    return dict(Turn.objects.filter(project=project, unheard__gt=0).values_list("trace_id", "unheard"))


def most_worth(project: Project, most: int) -> list[int]:
    """The traces of ordinary work that are worth most to read, the first the most; those nobody knows of come last."""
    turns = Turn.objects.filter(project=project, use=Purpose.WORK)
    ordered = turns.order_by(F("worth").desc(nulls_last=True), "trace")
    return list(ordered.values_list("trace", flat=True)[:most])


def note_said(traces: Iterable[int]) -> None:
    """Something was said of these traces, or taken back. The caller's transaction holds what was."""
    ids = sorted(set(traces))
    if ids:
        Turn.objects.filter(trace__in=ids).update(unheard=F("unheard") + 1)


@transaction.atomic
def tell_worth(project: Project, trace: int, worth: float, *, heard: int) -> bool:
    """Keep what one trace is worth and move its open slots; whether its place in the queue changed."""
    turn = _locked_turn.first(trace=trace)
    if turn is None:
        return False
    turn.worth, turn.unheard = worth, max(turn.unheard - heard, 0)
    has_moved = place(turn, rules_of(project))
    _write_worth(pk=turn.pk, worth=turn.worth, unheard=turn.unheard, position=turn.position)
    if has_moved and turn.use == Purpose.WORK and _an_open_slot.first(trace=trace):
        lower_cursors(project, turn.position)
        _open_slots(trace).update(position=turn.position)
    return has_moved


def _open_slots(trace: int) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        trace=trace, state=AssignmentState.OPEN, purpose=Purpose.WORK, position__lt=APART
    )


_an_open_slot: Prepared[tuple[int]] = Prepared(lambda trace: _open_slots(trace).values_list("pk")[:1])
_locked_turn: Prepared[Turn] = Prepared(lambda trace: Turn.objects.select_for_update().filter(trace=trace))
_write_worth: PreparedUpdate = PreparedUpdate(
    lambda pk, **known: (Turn.objects.filter(pk=pk), known), kinds={"worth": float}
)


@transaction.atomic
def keep_worths(worths: Mapping[int, float], heard: Mapping[int, int]) -> None:
    """Keep the worth of many traces. Places stay as they are until the order is worked out again."""
    turns = list(Turn.objects.select_for_update().filter(trace__in=worths.keys()).order_by("pk"))
    for turn in turns:
        turn.worth = worths[turn.trace_id]
        turn.unheard = max(turn.unheard - heard.get(turn.trace_id, 0), 0)
    write_turns(turns, ("worth", "unheard"))


@transaction.atomic
def borrow_worths(run: Run, drawn: Collection[int]) -> None:
    """Traces drawn to be read whatever is believed of them: each at the place of one worth reading, which luck chooses.

    Else they would stand behind everything, and whoever got to them would know what they are there for.
    """
    turns = Turn.objects.filter(project=run.project_id)
    known = turns.filter(worth__gt=0).exclude(trace__in=drawn).values_list("worth", flat=True)
    worths = sorted(worth for worth in known if worth is not None)
    borrowed = list(turns.filter(trace__in=drawn).select_for_update().order_by("pk") if worths else ())
    for turn in borrowed:
        turn.worth = worths[luck_of(run.pk, str(turn.trace_id)) * len(worths) >> 31]
    write_turns(borrowed, ("worth",))


def hear_only(trace: int, *, heard: int) -> None:
    """Nothing that was said changes what the trace is worth."""
    Turn.objects.filter(trace=trace).update(unheard=Greatest(F("unheard") - heard, 0))


def is_read_since(trace: int, moment: datetime | None) -> bool:
    """Whether a reading of ordinary work was submitted after ``moment``."""
    done = Assignment.objects.filter(trace=trace, state=AssignmentState.SUBMITTED, purpose=Purpose.WORK)
    return done.filter(finished_at__gt=moment).exists() if moment else done.exists()


def forget_worth(project: Project) -> int:
    """Nobody can say what traces are worth any more; of how many it was known."""
    known = Turn.objects.filter(project=project).exclude(Q(worth=None))
    return known.update(worth=None, unheard=Greatest(F("unheard"), 1))


def paces(project: Project, most: int) -> Sequence[float]:
    """Seconds per step of the last ``most`` submitted readings of ordinary work that were timed."""
    rows = Assignment.objects.filter(
        project=project,
        state=AssignmentState.SUBMITTED,
        purpose=Purpose.WORK,
        seconds_per_step__gt=0,
    )
    found = rows.order_by("-finished_at").values_list("seconds_per_step", flat=True)[:most]
    return [pace for pace in found if pace is not None]
