"""Put traces of one problem, or the steps where they part, side by side for whoever compares them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, islice
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.models import Pair, Project, Step, Trace

# Whole traces, or the two steps with which they part after a beginning they share.
Sides = Literal["traces", "steps"]

Couple = frozenset[int | None]
_NO_TRACES: Couple = frozenset((None,))
_LONGEST_ID = 200
_BATCH = 1000
_STEP = "step "


@transaction.atomic
def pair_traces(project: Project, *, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` pairs of each problem's traces; how many are new.

    A right trace is put beside a wrong one first, then the others beside each other, in their order; two traces that
    say the same, letter for letter, are not put together. Which one stands on the left is as good as a coin's, and
    like the rest the same every time: pairs that exist already count and are not made again.
    """
    return _make(project, "traces", per_problem)


@transaction.atomic
def pair_steps(project: Project, *, per_problem: int = 1) -> int:
    """Make up to ``per_problem`` pairs of steps with which two traces of a problem part; how many are new.

    Everything before the two is the same, letter for letter. Traces are taken in the order of :func:`pair_traces`; the
    same two ways to go on from the same beginning are one pair, however many traces go them.
    """
    return _make(project, "steps", per_problem)


def count_pairs(project: Project, sides: Sides, *, per_problem: int = 1) -> int:
    """How many pairs the project would have more; nothing is written."""
    _check(per_problem)
    return sum(1 for _ in _new_pairs(project, sides, per_problem))


def pairs_there(project: Project) -> tuple[int, int]:
    """(pairs of traces, pairs of steps) that the project has."""
    n_steps = Pair.objects.filter(project=project, left_step__isnull=False).count()
    return Pair.objects.filter(project=project).count() - n_steps, n_steps


def _make(project: Project, sides: Sides, per_problem: int) -> int:
    _check(per_problem)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    new = list(_new_pairs(project, sides, per_problem))
    Pair.objects.bulk_create(new, batch_size=_BATCH)
    return len(new)


def _check(per_problem: int) -> None:
    if per_problem < 1:
        raise Rejected(gettext("must be at least 1"), field="pairs")


def _new_pairs(project: Project, sides: Sides, per_problem: int) -> Iterator[Pair]:
    there = project.pairs.only("external_id", "left_trace_id", "right_trace_id")
    # By both: pairs that came from a file have its names.
    known: set[str | Couple] = set()
    for pair in there.iterator(chunk_size=_BATCH):
        known.update((pair.external_id, couple_of(pair)))
    known.discard(_NO_TRACES)
    wanted = _trace_pairs(project, per_problem) if sides == "traces" else _step_pairs(project, per_problem)
    for pair in wanted:
        if known.isdisjoint((pair.external_id, couple_of(pair))):
            known.add(pair.external_id)
            yield pair


def _trace_pairs(project: Project, per_problem: int) -> Iterator[Pair]:
    for group in _by_problem(project):
        for couple in islice(_couples(group), per_problem):
            yield pair_of(project, *couple)


def pair_of(project: Project, one: Trace, other: Trace) -> Pair:
    """The pair of two traces, not saved: the same two are the same pair, whoever puts them together."""
    left, right = sorted((one, other), key=lambda trace: _coin(trace, (one, other)))
    name = _name(left.external_id, right.external_id)
    return Pair(project=project, external_id=name, left_trace=left, right_trace=right)


def couple_of(pair: Pair) -> Couple:
    """Its traces by their keys, whichever stands on the left; of two steps it names none."""
    return frozenset((pair.left_trace_id, pair.right_trace_id))


@dataclass(frozen=True, slots=True)
class _Fork:
    """Where two traces part: the two steps, and a name that only the beginning and the two texts decide."""

    steps: tuple[Step, Step]
    name: str


def _step_pairs(project: Project, per_problem: int) -> Iterator[Pair]:
    steps = _steps_by_trace(project)
    for group in _by_problem(project):
        texts = {trace.pk: next(steps) for trace in group}
        forks: dict[str, _Fork] = {}
        for one, other in _couples(group):
            fork = _fork(texts[one.pk], texts[other.pk])
            if fork is not None:
                forks.setdefault(fork.name, fork)
            if len(forks) == per_problem:
                break
        for name, fork in forks.items():
            left, right = sorted(fork.steps, key=lambda step: _digest(name, step.text))
            yield Pair(project=project, external_id=name, left_step=left, right_step=right)


def _fork(one: Sequence[Step], other: Sequence[Step]) -> _Fork | None:
    """None where one trace is the beginning of the other, or the same."""
    for place, (step, rival) in enumerate(zip(one, other, strict=False)):
        if step.text != rival.text:
            before = "".join(step.text for step in one[:place])
            name = _digest(str(step.trace.problem_id), before, *sorted((step.text, rival.text)))
            return _Fork((step, rival), _STEP + name[:40])
    return None


def _by_problem(project: Project) -> Iterator[list[Trace]]:
    traces = project.traces.order_by("problem", "pk").only(
        "pk", "problem", "external_id", "outcome", "text_hash"
    )
    for _, group in groupby(traces.iterator(chunk_size=_BATCH), key=lambda trace: trace.problem_id):
        yield list(group)


def _steps_by_trace(project: Project) -> Iterator[list[Step]]:
    """The steps of each trace, in the order of :func:`_by_problem`; one trace at a time is in memory."""
    steps = (
        Step.objects.filter(trace__project=project)
        .select_related("trace")
        .only("pk", "position", "text", "trace__problem")
    )
    in_order = steps.order_by("trace__problem_id", "trace_id", "position").iterator(chunk_size=_BATCH)
    for _, group in groupby(in_order, key=lambda step: step.trace_id):
        yield list(group)


def _couples(traces: Sequence[Trace]) -> Iterator[tuple[Trace, Trace]]:
    right = [trace for trace in traces if trace.outcome == Outcome.RIGHT]
    wrong = [trace for trace in traces if trace.outcome == Outcome.WRONG]
    # By diagonals, so that a few pairs show many traces rather than one trace many times.
    telling = [
        (one, wrong[(place + shift) % len(wrong)])
        for shift in range(len(wrong))
        for place, one in enumerate(right)
    ]
    seen = {frozenset((one.pk, other.pk)) for one, other in telling}
    rest = (couple for couple in combinations(traces, 2) if frozenset(one.pk for one in couple) not in seen)
    for source in (telling, rest):
        yield from (couple for couple in source if couple[0].text_hash != couple[1].text_hash)


def _coin(trace: Trace, sides: tuple[Trace, Trace]) -> str:
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
