"""Read what people have compared as the rows that a format of preferences writes, some hundred at a time."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from annotate.consensus.preferences import Compared, compared_by_people
from annotate.enums import RaterKind
from annotate.export.contracts import ComparedRow, ComparedSource, RaterRow
from annotate.models import Criterion, Pair, Problem, Rater, Step, Trace

BATCH = 200


def compared_source(criterion: Criterion, upto: int, *, is_anonymous: bool = True) -> ComparedSource:
    raters = _raters(criterion, upto, is_anonymous=is_anonymous)
    by_id = {rater.pk: rater for rater in raters}
    return ComparedSource(criterion, upto, tuple(raters), lambda: _rows(criterion, upto, by_id))


def _raters(criterion: Criterion, upto: int, *, is_anonymous: bool) -> list[RaterRow]:
    """Whoever spoke, in order of their ids; people become ``person-001`` and so on. A ranking counts as one label."""
    spoke: set[tuple[int, int]] = set()
    for one in compared_by_people(criterion, upto):
        spoke.update(one.labels.items())
    labels = Counter(rater for rater, _ in spoke)
    people = itertools.count(1)
    rows: list[RaterRow] = []
    for rater in Rater.objects.filter(pk__in=labels).order_by("pk"):
        is_hidden = is_anonymous and rater.kind == RaterKind.PERSON
        name = f"person-{next(people):03d}" if is_hidden else rater.name
        rows.append(RaterRow(rater.pk, name, rater.name, rater.kind, rater.is_simulated, labels[rater.pk]))
    return rows


def _rows(criterion: Criterion, upto: int, raters: Mapping[int, RaterRow]) -> Iterator[ComparedRow]:
    every = compared_by_people(criterion, upto)
    while some := list(itertools.islice(every, BATCH)):
        sides = _sides(some)
        for one in some:
            side = sides[one.name]
            yield ComparedRow(
                name=one.name,
                source="pair" if one.pair is not None else "ranking",
                problem=side.problem.external_id,
                prompt=side.prompt,
                left=side.left,
                right=side.right,
                votes=one.votes,
                said=tuple((raters[rater], sign) for rater, sign in sorted(one.said.items())),
                ruling=one.ruling,
            )


@dataclass(frozen=True, slots=True)
class _Sides:
    problem: Problem
    prompt: str
    left: str
    right: str


def _sides(every: Sequence[Compared]) -> dict[str, _Sides]:
    """The texts of what is compared, by its name."""
    wanted = Pair.objects.filter(pk__in=[one.pair for one in every if one.pair is not None])
    pairs = {pair.pk: pair for pair in wanted.select_related("left_step", "right_step")}
    ids = {pk for one in every for pk in one.traces or ()}
    for pair in pairs.values():
        ids |= {pk for pk in (pair.left_trace_id, pair.right_trace_id) if pk is not None}
        ids |= {step.trace_id for step in (pair.left_step, pair.right_step) if step is not None}
    traces = {trace.pk: trace for trace in Trace.objects.filter(pk__in=ids).select_related("problem")}
    steps = _steps(ids)
    found: dict[str, _Sides] = {}
    for one in every:
        compared = pairs.get(one.pair or 0)
        if compared is not None and compared.left_step is not None and compared.right_step is not None:
            left, right = compared.left_step, compared.right_step
            problem = traces[left.trace_id].problem
            before = _text(steps[left.trace_id][: left.position])
            found[one.name] = _Sides(problem, f"{problem.text}\n\n{before}", left.text, right.text)
            continue
        first, second = one.traces or _traces_of(compared)
        problem = traces[first].problem
        found[one.name] = _Sides(problem, problem.text, _text(steps[first]), _text(steps[second]))
    return found


def _traces_of(pair: Pair | None) -> tuple[int, int]:
    assert pair is not None
    assert pair.left_trace_id is not None
    assert pair.right_trace_id is not None
    return pair.left_trace_id, pair.right_trace_id


def _steps(traces: Iterable[int]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = defaultdict(list)
    for step in Step.objects.filter(trace__in=traces).order_by("trace_id", "position"):
        found[step.trace_id].append(step)
    return found


def _text(steps: Sequence[Step]) -> str:
    return "".join(step.text for step in steps)
