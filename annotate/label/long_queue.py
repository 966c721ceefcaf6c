"""Which traces a reviewer is shown where a project is too large for all of its disagreements to be counted.

The queue of traces knows of each how far its readers disagree, by an index. So the most disputed ones are looked at, a
window at a time, until there is enough for some pages; what lies behind them comes up as they are decided. The queue
also knows of each whether everything about it is decided, so that one that is decided in part, however long ago, stays
in reach, and those that are done with stand in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from annotate.enums import AssignmentState, RaterKind
from annotate.models import Assignment, Label, Project, Turn
from annotate.models.counting import bounded_count

# Up to so many submitted readings, what they differ about is counted in all of them.
MOST_READ = 5000
# Traces that are looked at together, and at most; so many to review are enough.
WINDOW = 200
MOST_LOOKED_AT = 10_000
ENOUGH = 200


def is_long(project: Project) -> bool:
    submitted = Assignment.objects.filter(project=project, state=AssignmentState.SUBMITTED)
    return bounded_count(submitted, MOST_READ).is_more


def windows(project: Project, *, is_decided: bool) -> Iterator[list[int]]:
    """Traces to look at: those decided about lately, or where something open is looked for, first every one of which
    some places are decided and others may be open, then the most disputed ones that nobody has decided about.
    """
    if is_decided:
        yield from _cut(list(dict.fromkeys(_decided_lately(project))))
        return
    turns = Turn.objects.filter(project=project)
    # In the words of the index (annotate/models/assignment.py), or it is not used.
    partly = turns.filter(is_settled=False, is_settled__isnull=False)
    yield from _pieces(partly.order_by("-pk"))
    yield from _pieces(turns.filter(is_settled=None, disagreement__gt=0).order_by("-disagreement"))


def _pieces(turns: QuerySet[Turn]) -> Iterator[list[int]]:
    """The first window is nearly always enough, so the rest is read where it is asked for alone."""
    traces = turns.values_list("trace_id", flat=True)
    first = list(traces[:WINDOW])
    if first:
        yield first
    if len(first) == WINDOW:
        # Equal ones may have changed places meanwhile.
        seen = set(first)
        yield from _cut([trace for trace in traces[:MOST_LOOKED_AT] if trace not in seen])


def _decided_lately(project: Project) -> Iterator[int]:
    """The newest first."""
    desk = project.raters.filter(kind=RaterKind.REVIEW).values_list("pk", flat=True).first()
    made = Label.objects.live().filter(rater=desk).order_by("-pk")
    places = made.values_list("step__trace_id", "candidate__step__trace_id", "trace_id")
    for found in places[:MOST_LOOKED_AT]:
        yield from (trace for trace in found if trace)


def _cut(traces: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(traces), WINDOW):
        yield traces[start : start + WINDOW]
