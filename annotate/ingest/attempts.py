"""The traces of some problems at a time, in the order of their keys: what pairs and lineups are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from django.db.models import Count

from annotate.models import Problem, Project, Trace

# A piece is so many problems, or those with so many rows to read or to make: whichever is fewer, and one at least.
PROBLEMS = 500
ROWS = 5000


class Named(Protocol):
    """What of a trace decides where it stands: its name, whether it is a row of the model or an attempt."""

    pk: int
    external_id: str


@dataclass(slots=True)
class Attempt:
    """One trace, as far as it matters to which others it is put."""

    pk: int
    problem: int
    external_id: str
    outcome: str | None
    text_hash: str


def next_problems(
    project: Project,
    after: int,
    *,
    rows: Callable[[int], int],
    upto: int | None = None,
    most: int | None = None,
) -> list[int]:
    """The keys of the next problems behind ``after``, none behind ``upto``; none where that was all.

    ``rows`` says of a problem with so many traces how many rows it comes to. ``most``: no more problems than that.
    """
    those = Problem.objects.filter(project=project, pk__gt=after)
    if upto is not None:
        those = those.filter(pk__lte=upto)
    ids = list(those.order_by("pk").values_list("pk", flat=True)[: most or PROBLEMS])
    counted = dict(
        Trace.objects.filter(problem__id__among=ids).order_by().values_list("problem").annotate(n=Count("pk"))
    )
    room = ROWS
    for place, problem in enumerate(ids):
        room -= rows(counted.get(problem, 0))
        if room < 0 and place:
            return ids[:place]
    return ids


def attempts_at(problems: Sequence[int]) -> Iterator[list[Attempt]]:
    """The traces of each of the problems that has any, the problems and the traces in the order of their keys."""
    rows = Trace.objects.filter(problem__id__among=problems).order_by("problem", "pk")
    found = rows.values_list("pk", "problem_id", "external_id", "outcome", "text_hash")
    for _, group in groupby((Attempt(*row) for row in found), key=lambda one: one.problem):
        yield list(group)
