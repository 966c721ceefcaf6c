"""Which traces a reviewer is shown where a project is too large for all of its disagreements to be counted.

The queue of traces knows of each how far its readers disagree, by an index. So the most disputed ones are looked at, a
window at a time, until there is enough for some pages; what lies behind them comes up as they are decided.
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
    """Traces to look at: those decided about lately, and where something open is looked for, the most disputed ones.

    A trace of which some places were decided is among the former; so the latter leave out what has a decision.
    """
    decided = list(dict.fromkeys(_decided_lately(project)))
    yield from _cut(decided if is_decided else decided[:ENOUGH])
    if not is_decided:
        known = set(decided)
        disputed = _disputed(project).order_by("-disagreement")[:MOST_LOOKED_AT]
        yield from _cut([trace for trace in disputed if trace not in known])


def _disputed(project: Project) -> QuerySet[Turn, int]:
    return Turn.objects.filter(project=project, disagreement__gt=0).values_list("trace_id", flat=True)


def _decided_lately(project: Project) -> Iterator[int]:
    """The newest first."""
    desk = project.raters.filter(kind=RaterKind.REVIEW).values_list("pk", flat=True).first()
    made = Label.objects.live().filter(rater=desk, candidate=None).order_by("-pk")
    for step_trace, trace in made.values_list("step__trace_id", "trace_id")[:MOST_LOOKED_AT]:
        if found := step_trace or trace:
            yield found


def _cut(traces: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(traces), WINDOW):
        yield traces[start : start + WINDOW]
