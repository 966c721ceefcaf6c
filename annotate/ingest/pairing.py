"""Put traces of one problem, or the steps where they part, side by side for whoever compares them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, islice
from operator import itemgetter
from typing import Literal, NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest.attempts import Attempt, Named, attempts_at, next_problems
from annotate.models import Pair, Project, Step

# Whole traces, or the two steps with which they part after a beginning they share.
Sides = Literal["traces", "steps"]

Couple = frozenset[int | None]
_LONGEST_ID = 200
_BATCH = 1000
_STEP = "step "


@dataclass(frozen=True, slots=True)
class Paired:
    """``n_new`` pairs were made; ``keys`` are those of all that were wanted, the ones that were there with them."""

    n_new: int
    keys: list[int]


@transaction.atomic
def pair_traces(project: Project, *, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` pairs of each problem's traces; how many are new.

    A right trace is put beside a wrong one first, then the others beside each other, in their order; two traces that
    say the same, letter for letter, are not put together. Which one stands on the left is as good as a coin's, and
    like the rest the same every time: pairs that exist already count and are not made again.
    """
    return _pair_all(project, "traces", per_problem)


@transaction.atomic
def pair_steps(project: Project, *, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` pairs of steps with which two traces of a problem part; how many are new.

    Everything before the two is the same, letter for letter. Traces are taken in the order of :func:`pair_traces`; the
    same two ways to go on from the same beginning are one pair, however many traces go them.
    """
    return _pair_all(project, "steps", per_problem)


def pair_some(project: Project, sides: Sides, problems: Sequence[int], *, per_problem: int = 1) -> Paired:
    """The same for some problems alone, by their keys. Call it in a transaction that has locked the project."""
    wanted = list(_wanted(project, sides, problems, per_problem))
    there = _there(project, wanted)
    new = list(_new(wanted, there))
    Pair.objects.bulk_create(new, batch_size=_BATCH)
    keys = {there.key_of(pair) or pair.pk for pair in wanted}
    # The second of two with the same name was not made.
    return Paired(len(new), sorted(key for key in keys if key is not None))


def next_to_pair(
    project: Project,
    after: int,
    *,
    per_problem: int = 1,
    upto: int | None = None,
    most: int | None = None,
) -> list[int]:
    """The problems that :func:`pair_some` takes next, behind ``after``."""
    return next_problems(
        project, after, rows=lambda n: max(n, most_pairs(n, per_problem)), upto=upto, most=most
    )


def most_pairs(n: int, per_problem: int) -> int:
    """How many pairs there are at most of a problem with ``n`` traces."""
    return min(per_problem, n * (n - 1) // 2)


def count_pairs(
    project: Project, sides: Sides, *, per_problem: int = 1, problems: Sequence[int] | None = None
) -> int:
    """How many pairs the project would have more, of all its problems or of some; nothing is written."""
    check_pairs(per_problem)
    pieces = [problems] if problems is not None else _pieces(project, per_problem)
    n = 0
    for some in pieces:
        wanted = list(_wanted(project, sides, some, per_problem))
        n += sum(1 for _ in _new(wanted, _there(project, wanted)))
    return n


def pairs_there(project: Project) -> tuple[int, int]:
    """(pairs of traces, pairs of steps) that the project has."""
    n_steps = Pair.objects.filter(project=project, left_step__isnull=False).count()
    return Pair.objects.filter(project=project).count() - n_steps, n_steps


def check_pairs(per_problem: int) -> None:
    if per_problem < 1:
        raise Rejected(gettext("must be at least 1"), field="pairs")


def _pair_all(project: Project, sides: Sides, per_problem: int) -> int:
    check_pairs(per_problem)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    pieces = _pieces(project, per_problem)
    return sum(pair_some(project, sides, some, per_problem=per_problem).n_new for some in pieces)


def _pieces(project: Project, per_problem: int) -> Iterator[list[int]]:
    after = 0
    while some := next_to_pair(project, after, per_problem=per_problem):
        yield some
        after = some[-1]


@dataclass(frozen=True, slots=True)
class _There:
    """Pairs that the project has, by their names and by their traces: those that came from a file have its names."""

    by_name: dict[str, int]
    by_couple: dict[Couple, int]

    def key_of(self, pair: Pair) -> int | None:
        return self.by_name.get(pair.external_id) or self.by_couple.get(couple_of(pair))


def _there(project: Project, wanted: Sequence[Pair]) -> _There:
    every = Pair.objects.filter(project=project).order_by()
    names = every.filter(external_id__among=[pair.external_id for pair in wanted])
    traces = {pk for pair in wanted for pk in couple_of(pair) if pk is not None}
    beside = every.filter(left_trace__id__among=traces).values_list("left_trace", "right_trace", "pk")
    return _There(
        dict(names.values_list("external_id", "pk")),
        {frozenset((left, right)): pk for left, right, pk in beside} if traces else {},
    )


def _new(wanted: Iterable[Pair], there: _There) -> Iterator[Pair]:
    seen: set[str] = set()
    for pair in wanted:
        if there.key_of(pair) is None and pair.external_id not in seen:
            seen.add(pair.external_id)
            yield pair


def _wanted(project: Project, sides: Sides, problems: Sequence[int], per_problem: int) -> Iterator[Pair]:
    """All pairs that some problems ought to have."""
    if sides == "steps":
        yield from _step_pairs(project, problems, per_problem)
        return
    for group in attempts_at(problems):
        for couple in islice(_couples(group), per_problem):
            yield pair_of(project, *couple)


def pair_of(project: Project, one: Named, other: Named) -> Pair:
    """The pair of two traces, not saved: the same two are the same pair, whoever puts them together."""
    left, right = sorted((one, other), key=lambda trace: _coin(trace, (one, other)))
    name = _name(left.external_id, right.external_id)
    return Pair(project=project, external_id=name, left_trace_id=left.pk, right_trace_id=right.pk)


def couple_of(pair: Pair) -> Couple:
    """Its traces by their keys, whichever stands on the left; of two steps it names none."""
    return frozenset((pair.left_trace_id, pair.right_trace_id))


class _Said(NamedTuple):
    """One step, as far as it matters where traces part."""

    pk: int
    text: str


@dataclass(frozen=True, slots=True)
class _Fork:
    """Where two traces part: the two steps, and a name that only the beginning and the two texts decide."""

    steps: tuple[_Said, _Said]
    name: str


def _step_pairs(project: Project, problems: Sequence[int], per_problem: int) -> Iterator[Pair]:
    attempts = {group[0].problem: group for group in attempts_at(problems)}
    for problem, steps in _steps_by_trace(problems):
        forks: dict[str, _Fork] = {}
        # A trace that came in between the two statements is in none of them, or has no steps here.
        for one, other in _couples([one for one in attempts.get(problem, ()) if one.pk in steps]):
            fork = _fork(problem, steps[one.pk], steps[other.pk])
            if fork is not None:
                forks.setdefault(fork.name, fork)
            if len(forks) == per_problem:
                break
        for name, fork in forks.items():
            left, right = sorted(fork.steps, key=lambda step: _digest(name, step.text))
            yield Pair(project=project, external_id=name, left_step_id=left.pk, right_step_id=right.pk)


def _fork(problem: int, one: Sequence[_Said], other: Sequence[_Said]) -> _Fork | None:
    """None where one trace is the beginning of the other, or the same."""
    for place, (step, rival) in enumerate(zip(one, other, strict=False)):
        if step.text != rival.text:
            before = "".join(step.text for step in one[:place])
            name = _digest(str(problem), before, *sorted((step.text, rival.text)))
            return _Fork((step, rival), _STEP + name[:40])
    return None


def _steps_by_trace(problems: Sequence[int]) -> Iterator[tuple[int, dict[int, list[_Said]]]]:
    """The steps of each problem's traces, by trace; those of one problem at a time are in memory."""
    steps = Step.objects.filter(trace__problem__id__among=problems)
    in_order = steps.order_by("trace__problem_id", "trace_id", "position")
    rows = in_order.values_list("trace__problem_id", "trace_id", "pk", "text").iterator(chunk_size=_BATCH)
    for problem, some in groupby(rows, key=itemgetter(0)):
        found: dict[int, list[_Said]] = defaultdict(list)
        for _, trace, pk, text in some:
            found[trace].append(_Said(pk, text))
        yield problem, found


def _couples(traces: Sequence[Attempt]) -> Iterator[tuple[Attempt, Attempt]]:
    right = [trace for trace in traces if trace.outcome == Outcome.RIGHT]
    wrong = [trace for trace in traces if trace.outcome == Outcome.WRONG]
    # By diagonals, so that a few pairs show many traces rather than one trace many times.
    telling = (
        (one, wrong[(place + shift) % len(wrong)])
        for shift in range(len(wrong))
        for place, one in enumerate(right)
    )
    graded = {Outcome.RIGHT, Outcome.WRONG}
    rest = (couple for couple in combinations(traces, 2) if {one.outcome for one in couple} != graded)
    for source in (telling, rest):
        yield from (couple for couple in source if couple[0].text_hash != couple[1].text_hash)


def _coin(trace: Named, sides: tuple[Named, Named]) -> str:
    both = "\n".join(sorted(side.external_id for side in sides))
    return hashlib.sha256(f"{trace.external_id}\n{both}".encode()).hexdigest()


def _digest(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        # With its length: two different lists of parts are never one text.
        whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()


def _name(left: str, right: str) -> str:
    name = f"{left} | {right}"
    if len(name) <= _LONGEST_ID:
        return name
    return hashlib.sha256(name.encode()).hexdigest()
