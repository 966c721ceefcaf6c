"""Line up traces of one problem for whoever puts them in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest.attempts import Attempt, Named, attempts_at, next_problems
from annotate.models import Entrant, Lineup, Project
from annotate.models.lineup import FEWEST, MOST

T = TypeVar("T", bound=Named)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class LinedUp:
    """``n_new`` lineups were made; ``keys`` are those of all that were wanted, the ones that were there with them."""

    n_new: int
    keys: list[int]


@transaction.atomic
def line_up(project: Project, *, size: int = 4, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` lineups of at most ``size`` of each problem's traces; how many are new.

    Right and wrong traces are taken in turn, then those that nobody graded; a trace is in one lineup, and of traces
    that say the same, letter for letter, one is taken. Problems with fewer than three are left out. The places are as
    good as drawn, and like the rest the same every time: lineups that exist already count and are not made again.
    """
    check_lineups(size, per_problem)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    return sum(
        line_up_some(project, some, size=size, per_problem=per_problem).n_new for some in _pieces(project)
    )


def line_up_some(
    project: Project, problems: Sequence[int], *, size: int = 4, per_problem: int = 1
) -> LinedUp:
    """The same for some problems alone, by their keys. Call it in a transaction that has locked the project."""
    wanted = list(_wanted(project, problems, size, per_problem))
    there = _there(project, wanted)
    new = [(lineup, traces) for lineup, traces in wanted if lineup.external_id not in there]
    lineups = Lineup.objects.bulk_create([lineup for lineup, _ in new], batch_size=_BATCH)
    Entrant.objects.bulk_create(
        (
            Entrant(lineup=lineup, trace_id=trace.pk, place=place)
            for lineup, (_, traces) in zip(lineups, new, strict=True)
            for place, trace in enumerate(traces)
        ),
        batch_size=_BATCH,
    )
    return LinedUp(len(new), sorted([*there.values(), *(lineup.pk for lineup in lineups)]))


def next_to_line_up(
    project: Project, after: int, *, upto: int | None = None, most: int | None = None
) -> list[int]:
    """The problems that :func:`line_up_some` takes next, behind ``after``."""
    return next_problems(project, after, rows=lambda n: n, upto=upto, most=most)


def count_lineups(
    project: Project, *, size: int = 4, per_problem: int = 1, problems: Sequence[int] | None = None
) -> int:
    """How many lineups the project would have more, of all its problems or of some; nothing is written."""
    check_lineups(size, per_problem)
    n = 0
    for some in [problems] if problems is not None else _pieces(project):
        wanted = list(_wanted(project, some, size, per_problem))
        n += len(wanted) - len(_there(project, wanted))
    return n


def check_lineups(size: int, per_problem: int) -> None:
    if not FEWEST <= size <= MOST:
        raise Rejected(
            gettext("must be from %(least)s to %(most)s") % {"least": FEWEST, "most": MOST}, field="size"
        )
    if per_problem < 1:
        raise Rejected(gettext("must be at least 1"), field="lineups")


def _pieces(project: Project) -> Iterator[list[int]]:
    after = 0
    while some := next_to_line_up(project, after):
        yield some
        after = some[-1]


def _there(project: Project, wanted: Sequence[tuple[Lineup, Sequence[Attempt]]]) -> dict[str, int]:
    """Those that the project has, by their names."""
    names = [lineup.external_id for lineup, _ in wanted]
    found = Lineup.objects.filter(project=project, external_id__among=names)
    return dict(found.order_by().values_list("external_id", "pk"))


def _wanted(
    project: Project, problems: Sequence[int], size: int, per_problem: int
) -> Iterator[tuple[Lineup, list[Attempt]]]:
    """All lineups that some problems ought to have."""
    for group in attempts_at(problems):
        mixed = list(_mixed(group))
        for number in range(per_problem):
            some = mixed[number * size : (number + 1) * size]
            if len(some) < FEWEST:
                break
            yield lineup_of(project, group[0].problem, some)


def lineup_of(project: Project, problem: int, traces: Sequence[T]) -> tuple[Lineup, list[T]]:
    """The lineup of some traces, not saved, and they in the order of its places.

    The same traces are the same lineup, whoever puts them together.
    """
    name = _name(traces)
    drawn = sorted(traces, key=lambda trace: _luck(name, trace.external_id))
    return Lineup(project=project, problem_id=problem, external_id=name, size=len(traces)), drawn


def _mixed(traces: Sequence[Attempt]) -> Iterator[Attempt]:
    """Right, wrong, right, wrong, then the others; each text once."""
    right = [trace for trace in traces if trace.outcome == Outcome.RIGHT]
    wrong = [trace for trace in traces if trace.outcome == Outcome.WRONG]
    graded = [trace for both in zip_longest(right, wrong) for trace in both if trace is not None]
    others = (trace for trace in traces if trace.outcome not in (Outcome.RIGHT, Outcome.WRONG))
    seen: set[str] = set()
    for trace in [*graded, *others]:
        if trace.text_hash not in seen:
            seen.add(trace.text_hash)
            yield trace


def _name(traces: Iterable[Named]) -> str:
    return "lineup " + _luck(*sorted(trace.external_id for trace in traces))[:40]


def _luck(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()
