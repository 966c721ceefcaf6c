"""Line up traces of one problem for whoever puts them in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from django.db import transaction
from django.utils.translation import gettext

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.models import Entrant, Lineup, Project, Trace
from annotate.models.lineup import FEWEST, MOST

_BATCH = 1000


@transaction.atomic
def line_up(project: Project, *, size: int = 4, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` lineups of at most ``size`` of each problem's traces; how many are new.

    Right and wrong traces are taken in turn, then those that nobody graded; a trace is in one lineup, and of traces
    that say the same, letter for letter, one is taken. Problems with fewer than three are left out. The places are as
    good as drawn, and like the rest the same every time: lineups that exist already count and are not made again.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    new = list(_new_lineups(project, size, per_problem))
    lineups = Lineup.objects.bulk_create([lineup for lineup, _ in new], batch_size=_BATCH)
    Entrant.objects.bulk_create(
        (
            Entrant(lineup=lineup, trace=trace, place=place)
            for lineup, (_, traces) in zip(lineups, new, strict=True)
            for place, trace in enumerate(traces)
        ),
        batch_size=_BATCH,
    )
    return len(new)


def count_lineups(project: Project, *, size: int = 4, per_problem: int = 1) -> int:
    """How many lineups the project would have more; nothing is written."""
    return sum(1 for _ in _new_lineups(project, size, per_problem))


def _new_lineups(project: Project, size: int, per_problem: int) -> Iterator[tuple[Lineup, list[Trace]]]:
    if not FEWEST <= size <= MOST:
        raise Rejected(
            gettext("must be from %(least)s to %(most)s") % {"least": FEWEST, "most": MOST}, field="size"
        )
    if per_problem < 1:
        raise Rejected(gettext("must be at least 1"), field="lineups")
    known = set(project.lineups.values_list("external_id", flat=True))
    traces = project.traces.order_by("problem", "pk").only(
        "pk", "problem", "external_id", "outcome", "text_hash"
    )
    for problem, group in groupby(traces.iterator(chunk_size=_BATCH), key=lambda trace: trace.problem_id):
        mixed = list(_mixed(list(group)))
        for number in range(per_problem):
            some = mixed[number * size : (number + 1) * size]
            if len(some) < FEWEST:
                break
            lineup, drawn = lineup_of(project, problem, some)
            if lineup.external_id not in known:
                yield lineup, drawn


def lineup_of(project: Project, problem: int, traces: Sequence[Trace]) -> tuple[Lineup, list[Trace]]:
    """The lineup of some traces, not saved, and they in the order of its places.

    The same traces are the same lineup, whoever puts them together.
    """
    name = _name(traces)
    drawn = sorted(traces, key=lambda trace: _luck(name, trace.external_id))
    return Lineup(project=project, problem_id=problem, external_id=name, size=len(traces)), drawn


def _mixed(traces: Sequence[Trace]) -> Iterator[Trace]:
    """Right, wrong, right, wrong, then the others; each text once."""
    right = [trace for trace in traces if trace.outcome == Outcome.RIGHT]
    wrong = [trace for trace in traces if trace.outcome == Outcome.WRONG]
    graded = [trace for both in zip_longest(right, wrong) for trace in both if trace is not None]
    seen: set[str] = set()
    for trace in [*graded, *(trace for trace in traces if trace not in graded)]:
        if trace.text_hash not in seen:
            seen.add(trace.text_hash)
            yield trace


def _name(traces: Sequence[Trace]) -> str:
    return "lineup " + _luck(*sorted(trace.external_id for trace in traces))[:40]


def _luck(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()
