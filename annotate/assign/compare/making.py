"""Pairs and lineups made of traces and put to people: at once, or, where they are many, in pieces by a worker."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from annotate.assign.fillings import ask_comparing
from annotate.enums import COMPARED
from annotate.ingest.lining_up import count_lineups, next_to_line_up
from annotate.ingest.pairing import count_pairs, most_pairs, next_to_pair
from annotate.models import Problem, Project, Trace
from annotate.models.counting import Bounded, bounded_count

from .filling import Made, make_now
from .pieces import Wanted
from .queries import asked_scopes, things_of

# Rows to be read or written, traces, steps and slots together: up to so many are made while the person waits.
MOST_AT_ONCE = 5000
# Of so many problems it is said what they would give, where going through all of them takes too long; of fewer where
# their steps are read.
LOOKED_AT = 200
STEPS_LOOKED_AT = 20


def make_comparisons(project: Project, wanted: Wanted) -> Made:
    """Make what is wanted, and give every pair and lineup as many slots as the project asks for.

    Up to MOST_AT_ONCE rows it is done when this returns. Above that it ``is_left``: the caller sends it to a worker.
    Raises Rejected for what cannot be made, Conflict while something else of the queue is under way.
    """
    wanted.check()
    if is_small(project, wanted):
        return make_now(project, wanted)
    ask_comparing(project, wanted)
    return Made(is_left=True)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many ``new`` pairs or lineups there would be: of all problems, or of the first ``looked_at`` of ``problems``.

    ``problems`` None: of all.
    """

    new: int
    looked_at: int = 0
    problems: Bounded | None = None


def outlook(project: Project, wanted: Wanted) -> Outlook:
    """What making would come to; nothing is written, and of a big project no more than a few problems are read."""
    wanted.check()
    if is_small(project, wanted):
        return Outlook(_counted(project, wanted, None))
    if wanted.make == "lineups":
        first = next_to_line_up(project, 0, most=LOOKED_AT)
    else:
        most = STEPS_LOOKED_AT if wanted.make == "steps" else LOOKED_AT
        first = next_to_pair(project, 0, per_problem=wanted.per_problem, most=most)
    return Outlook(
        _counted(project, wanted, first), len(first), bounded_count(Problem.objects.filter(project=project))
    )


def is_small(project: Project, wanted: Wanted) -> bool:
    """Whether it comes to MOST_AT_ONCE rows at most. No more than that of any table are counted."""
    traces = Trace.objects.filter(project=project)
    rows = slots = 0
    if wanted.make != "none":
        rows = bounded_count(traces, MOST_AT_ONCE + 1).n
        if rows > MOST_AT_ONCE:
            return False
        if wanted.make == "steps":
            rows += traces.aggregate(n=Sum("n_steps"))["n"] or 0
        slots += sum(most_made(n, wanted) for n in _traces_by_problem(project))
    asked = asked_scopes(project)
    for scope in COMPARED:
        if scope in asked:
            slots += bounded_count(things_of(project, scope), MOST_AT_ONCE + 1).n
    return rows + slots * project.overlap <= MOST_AT_ONCE


def most_made(n: int, wanted: Wanted) -> int:
    """Of a problem with ``n`` traces."""
    if wanted.make == "lineups":
        return min(wanted.per_problem, n // wanted.size + 1)
    return most_pairs(n, wanted.per_problem)


def _traces_by_problem(project: Project) -> list[int]:
    counted = Trace.objects.filter(project=project).order_by().values("problem").annotate(n=Count("pk"))
    return list(counted.values_list("n", flat=True))


def _counted(project: Project, wanted: Wanted, problems: list[int] | None) -> int:
    if wanted.make == "none":
        return 0
    if wanted.make == "lineups":
        return count_lineups(project, size=wanted.size, per_problem=wanted.per_problem, problems=problems)
    return count_pairs(project, wanted.make, per_problem=wanted.per_problem, problems=problems)
