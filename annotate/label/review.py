"""What a reviewer reads: a trace with everybody's submitted answers side by side. Not for annotators."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from annotate.enums import AssignmentState, CriterionKind, Scope
from annotate.models import (
    Assignment,
    Candidate,
    Criterion,
    Label,
    Lineup,
    Pair,
    Rater,
    Step,
    Trace,
)

from .answers import Spot
from .decisions import counted_readings, decisions_on, newest_decision, spot_of
from .queries import asked_criteria
from .rating import candidates_for


@dataclass(frozen=True, slots=True)
class Heard:
    """One person's submitted answer, under the name it may be shown by."""

    who: str
    label: Label


@dataclass(frozen=True, slots=True)
class Matter:
    """A question at a place, what people said, and what was decided. ``position`` None: the trace as a whole, or what
    ``candidate`` names."""

    criterion: Criterion
    position: int | None
    heard: tuple[Heard, ...]
    decision: Label | None
    # The text given for a step that the question is about, and then no position.
    candidate: Candidate | None = None
    # Where the step of that text is.
    at: int | None = None

    @property
    def spot(self) -> Spot:
        return self.criterion.pk, self.position, self.candidate.pk if self.candidate else None

    @property
    def can_be_decided(self) -> bool:
        return self.criterion.kind == CriterionKind.RANKING or bool(self.criterion.levels.all())

    @property
    def is_disputed(self) -> bool:
        return self.can_be_decided and len({one.label.value for one in self.heard}) > 1

    @property
    def is_open(self) -> bool:
        """Whether people differ and nobody has decided."""
        return self.is_disputed and self.decision is None

    @property
    def has_changed(self) -> bool:
        """Whether people have said something else since it was decided."""
        if self.decision is None:
            return False
        return {one.label.pk for one in self.heard} != set(self.decision.evidence.get("between", ()))


@dataclass(frozen=True, slots=True)
class StepMatters:
    step: Step
    matters: tuple[Matter, ...]

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def is_disputed(self) -> bool:
        return any(matter.is_disputed for matter in self.matters)

    @property
    def is_open(self) -> bool:
        return any(matter.is_open for matter in self.matters)

    @property
    def is_settled(self) -> bool:
        """Nothing is left to be biased in: every question that people differ on, or that was taken up, is decided."""
        return not self.is_open and any(matter.decision for matter in self.matters)


@dataclass(frozen=True, slots=True)
class Review:
    """A trace laid out for its reviewer. ``seen`` is its newest decision, for telling later ones apart."""

    trace: Trace
    steps: tuple[StepMatters, ...]
    whole: tuple[Matter, ...]
    readers: Readers
    seen: int

    @property
    def matters(self) -> list[Matter]:
        return [*(matter for step in self.steps for matter in step.matters), *self.whole]

    @property
    def settled(self) -> set[int]:
        """The steps whose readers may be named."""
        return {one.step.pk for one in self.steps if one.is_settled}

    @property
    def n_disputed(self) -> int:
        return sum(matter.is_disputed for matter in self.matters)

    @property
    def n_open(self) -> int:
        return sum(matter.is_open for matter in self.matters)


class Readers:
    """The people who have read a trace or compared what is compared, and what to call them while names are hidden.

    A letter is a person's for that one only, in an order that says nothing: who is A here may be B in the next. It may
    move when somebody new takes the trace, so nothing but the eye goes by it.
    """

    def __init__(self, read: Trace | Pair | Lineup, raters: Iterable[Rater]) -> None:
        known = {rater.pk: rater for rater in raters}
        self.hides_names = read.project.hides_readers
        self.raters = [known[pk] for pk in sorted(known, key=lambda pk: _shuffled(read.pk, pk))]
        self._number = {rater.pk: number for number, rater in enumerate(self.raters)}

    def name(self, rater: Rater, *, is_decided: bool = False) -> str:
        if rater.pk not in self._number:
            return gettext("A former reader")
        if self.hides_names and not is_decided:
            return gettext("Reader %(pk)s") % {"pk": letter_of(self._number[rater.pk])}
        return gettext("%(name)s (simulated)") % {"name": rater.name} if rater.is_simulated else rater.name

    def number(self, rater: Rater) -> int:
        """Where the person stands among the readers of this trace."""
        return self._number[rater.pk]


def _shuffled(trace: int, rater: int) -> str:
    return hashlib.sha256(f"{trace}:{rater}".encode()).hexdigest()


def letter_of(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    before, last = divmod(number, 26)
    return (letter_of(before - 1) if before else "") + chr(ord("A") + last)


def review_of(trace: Trace) -> Review:
    readings = list(counted_readings(trace))
    readers = Readers(trace, [*_holders(trace), *(label.rater for label in readings)])
    said: dict[Spot, list[Label]] = defaultdict(list)
    for label in readings:
        said[spot_of(label)].append(label)
    decided = {spot_of(label): label for label in decisions_on(trace)}
    criteria = asked_criteria(trace.project)
    texts: dict[int, list[Candidate]] = defaultdict(list)
    for one in candidates_for(trace.pk, criteria):
        texts[one.step_id].append(one)

    def matter(
        criterion: Criterion,
        position: int | None,
        candidate: Candidate | None = None,
        at: int | None = None,
    ) -> Matter:
        spot = (criterion.pk, position, candidate.pk if candidate else None)
        heard = _heard(said.get(spot, ()), readers, decided.get(spot))
        return Matter(criterion, position, heard, decided.get(spot), candidate, at)

    def matters(step: Step) -> Iterator[Matter]:
        for criterion in criteria:
            if criterion.scope == Scope.STEP:
                yield matter(criterion, step.position)
            elif criterion.scope == Scope.CANDIDATE:
                of_kind = (one for one in texts[step.pk] if one.kind == criterion.candidate_kind)
                yield from (matter(criterion, None, one, step.position) for one in of_kind)

    return Review(
        trace=trace,
        steps=tuple(StepMatters(step, tuple(matters(step))) for step in trace.steps.order_by("position")),
        whole=tuple(matter(criterion, None) for criterion in criteria if criterion.scope == Scope.TRACE),
        readers=readers,
        seen=newest_decision(trace),
    )


def _heard(labels: Sequence[Label], readers: Readers, decision: Label | None) -> tuple[Heard, ...]:
    in_order = sorted(labels, key=lambda label: readers.number(label.rater))
    return tuple(Heard(readers.name(one.rater, is_decided=decision is not None), one) for one in in_order)


def _holders(trace: Trace) -> list[Rater]:
    slots = Assignment.objects.filter(trace=trace, holder__isnull=False).exclude(
        state=AssignmentState.SKIPPED
    )
    return [slot.holder for slot in slots.select_related("holder__person") if slot.holder is not None]
