"""What a comparison puts side by side: the problem, what all sides have in common at their beginning, and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, pgettext

from annotate.ingest.image_entries import image_digests
from annotate.models import Comparison, Entrant, Lineup, Pair, Problem, Step
from annotate.models.lineup import LETTERS


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things that are compared, from where it parts from the others. ``place`` counts from 0."""

    place: int
    title: str
    steps: tuple[Step, ...]

    @property
    def letter(self) -> str:
        return LETTERS[self.place]


@dataclass(frozen=True, slots=True)
class Spread:
    """``shared`` are the steps that every side begins with, letter for letter and image for image."""

    problem: Problem
    shared: tuple[Step, ...]
    sides: tuple[Side, ...]
    trace_ids: tuple[int, ...]
    # Whether the sides are single steps, not whole traces.
    is_of_steps: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that is shown, from the first on."""
        return (*self.shared, *(step for side in self.sides for step in side.steps))


def spread_of(comparison: Comparison) -> Spread:
    """Two queries for a pair or a lineup of whatever length; nothing that anybody said is read."""
    if comparison.pair_id is not None:
        pair = Pair.objects.select_related(
            "left_trace__problem", "left_step__trace__problem", "right_step"
        ).get(pk=comparison.pair_id)
        return spread_of_pair(pair)
    assert comparison.lineup is not None
    return spread_of_lineup(comparison.lineup)


def spread_of_lineup(lineup: Lineup) -> Spread:
    entrants = list(Entrant.objects.filter(lineup=lineup).select_related("trace__problem").order_by("place"))
    lists = _steps_of([one.trace_id for one in entrants])
    titles = [gettext("Solution %(letter)s") % {"letter": one.letter.upper()} for one in entrants]
    return _spread(entrants[0].trace.problem, titles, lists)


def spread_of_pair(pair: Pair) -> Spread:
    titles = (pgettext("side", "Left"), pgettext("side", "Right"))
    if pair.left_trace is not None:
        assert pair.right_trace_id is not None
        return _spread(pair.left_trace.problem, titles, _steps_of([pair.left_trace.pk, pair.right_trace_id]))
    assert pair.left_step is not None
    assert pair.right_step is not None
    ends = (pair.left_step, pair.right_step)
    lists = _steps_of([step.trace_id for step in ends])
    upto = [
        [step for step in steps if step.position <= end.position]
        for steps, end in zip(lists, ends, strict=True)
    ]
    return _spread(pair.left_step.trace.problem, titles, upto, is_of_steps=True)


def _steps_of(traces: Sequence[int]) -> list[list[Step]]:
    found: dict[int, list[Step]] = {pk: [] for pk in traces}
    for step in Step.objects.filter(trace__in=set(traces)).order_by("trace_id", "position"):
        found[step.trace_id].append(step)
    return [found[pk] for pk in traces]


def _spread(
    problem: Problem, titles: Sequence[str], lists: Sequence[Sequence[Step]], *, is_of_steps: bool = False
) -> Spread:
    n = len(list(_shared(lists)))
    return Spread(
        problem=problem,
        shared=tuple(lists[0][:n]),
        sides=tuple(
            Side(place, title, tuple(steps[n:]))
            for place, (title, steps) in enumerate(zip(titles, lists, strict=True))
        ),
        trace_ids=tuple(steps[0].trace_id for steps in lists),
        is_of_steps=is_of_steps,
    )


def _shared(lists: Sequence[Sequence[Step]]) -> Iterator[Step]:
    """The steps all begin with, short of any side's last: each must have something to show."""
    # The shortest list ends the walk.
    for together in zip(*(steps[:-1] for steps in lists), strict=False):
        if len({(step.text, step.kind, *image_digests(step.meta)) for step in together}) > 1:
            return
        yield together[0]
