"""What a person is asked about a trace, and what they have said so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Q

from annotate.enums import CandidateKind, CriterionKind, RaterKind, Scope
from annotate.errors import Conflict
from annotate.models import Assignment, Candidate, Criterion, Label, Person, Project, Rater, Step, Trace

from .completeness import Answer, Place, Question, asked_places, open_places
from .rollup import Item, Total, roll_up


@dataclass(frozen=True)
class Sheet:
    """An assignment laid out for its holder: the questions, the steps, and their own answers by place.

    A question about candidates has its answers in ``ratings``, by criterion and candidate. For completeness it is one
    place at its step, answered once every candidate there is.
    """

    criteria: tuple[Criterion, ...]
    groups: tuple[Criterion, ...]
    steps: tuple[Step, ...]
    answers: Mapping[Place, Answer]
    candidates: tuple[Candidate, ...] = ()
    ratings: Mapping[tuple[int, int], Answer] = field(default_factory=dict)

    @cached_property
    def asked(self) -> list[Place]:
        """Where a question is asked, given the answers so far; answers elsewhere are set aside at the end."""
        return asked_places(self._questions, self._kinds, self._together)

    @cached_property
    def open(self) -> list[Place]:
        """What still needs an answer before the trace can be submitted."""
        return open_places(self._questions, self._kinds, self._together)

    @property
    def missing(self) -> Place | None:
        return next(iter(self.open), None)

    @property
    def n_missing(self) -> int:
        """How many answers are missing; each candidate that is not rated counts."""
        return sum(len(self._unrated(pk, position)) or 1 for pk, position in self.open)

    @cached_property
    def totals(self) -> list[Total]:
        """What the answers about the trace come to, group by group."""
        if not self.groups:
            return []
        said = {pk: answer.value for (pk, position), answer in self.answers.items() if position is None}
        asked = {pk for pk, position in self.asked if position is None}
        return roll_up(rollup_items([*self.groups, *self.criteria]), said, asked)

    def candidates_at(self, position: int, kind: str) -> list[Candidate]:
        return self._by_place.get((position, kind), [])

    @cached_property
    def _by_place(self) -> dict[tuple[int, str], list[Candidate]]:
        found: dict[tuple[int, str], list[Candidate]] = {}
        position_of = {step.pk: step.position for step in self.steps}
        for one in self.candidates:
            found.setdefault((position_of[one.step_id], one.kind), []).append(one)
        return found

    @property
    def _kinds(self) -> list[str]:
        return [step.kind for step in self.steps]

    @cached_property
    def _about_candidates(self) -> dict[int, str]:
        return {one.pk: one.candidate_kind for one in self.criteria if one.scope == Scope.CANDIDATE}

    def _unrated(self, criterion: int, position: int | None) -> list[Candidate]:
        kind = self._about_candidates.get(criterion)
        if kind is None or position is None:
            return []
        return [one for one in self.candidates_at(position, kind) if (criterion, one.pk) not in self.ratings]

    @cached_property
    def _together(self) -> dict[Place, Answer]:
        """The answers, with one for every step whose candidates are all rated."""
        together = dict(self.answers)
        for criterion, kind in self._about_candidates.items():
            for position in {at for at, at_kind in self._by_place if at_kind == kind}:
                if not self._unrated(criterion, position):
                    together[criterion, position] = Answer("", "")
        return together

    @cached_property
    def _questions(self) -> list[Question]:
        return [question_of(criterion, self._places_of(criterion)) for criterion in self.criteria]

    def _places_of(self, criterion: Criterion) -> frozenset[int] | None:
        """Where there is something to rate or to pick from; None: the question is about every step."""
        kind = CandidateKind.ALTERNATIVE if criterion.kind == CriterionKind.PICK else criterion.candidate_kind
        return frozenset(at for at, at_kind in self._by_place if at_kind == kind) if kind else None


def rubric_criteria(project: Project) -> tuple[Criterion, ...]:
    """Everything the project's rubric asks of anybody, with its levels."""
    if project.rubric_id is None:
        return ()
    found = Criterion.objects.filter(rubric=project.rubric_id)
    every = tuple(found.select_related("rubric").prefetch_related("levels"))
    by_pk: dict[int | None, Criterion] = {one.pk: one for one in every}
    for one in every:
        # Known rows, so that asking for them asks the database nothing.
        one.parent, one.condition = by_pk.get(one.parent_id), by_pk.get(one.condition_id)
    return every


def rollup_items(criteria: Iterable[Criterion]) -> list[Item]:
    return [
        Item(
            id=one.pk,
            title=one.title,
            parent=one.parent_id,
            weight=one.weight,
            is_group=one.kind == CriterionKind.GROUP,
            scores={level.key: level.score for level in one.levels.all()},
            fatal=frozenset(level.key for level in one.levels.all() if level.is_fatal),
        )
        for one in sorted(criteria, key=lambda one: one.position)
    ]


def question_of(criterion: Criterion, only_at: frozenset[int] | None = None) -> Question:
    """``only_at``: the steps that have something to rate or to pick from, where the question is about that."""
    levels = criterion.levels.all()
    return Question(
        id=criterion.pk,
        title=criterion.title,
        is_about_steps=criterion.scope in (Scope.STEP, Scope.CANDIDATE),
        only_at=only_at,
        stops_at_first_error=criterion.stops_at_first_error,
        is_optional=criterion.is_optional,
        kinds=frozenset(criterion.step_kinds),
        errors=frozenset(level.key for level in levels if level.is_error),
        needs_text=frozenset(level.key for level in levels if level.needs_text),
        ends=frozenset(level.key for level in levels if level.ends_trace),
        condition=criterion.condition_id,
        condition_levels=frozenset(criterion.condition_levels),
    )


def reader_of(assignment: Assignment) -> Rater:
    """Whoever holds or held the assignment; an open one has nobody whose answers could be asked for."""
    if assignment.holder is None:
        raise Conflict("Nobody holds this trace.")
    return assignment.holder


def sheet_of(assignment: Assignment) -> Sheet:
    """Everything the labelling page needs, and nothing that other raters said."""
    every = rubric_criteria(assignment.project)
    # An earlier version's answers may lie in the same slot; they are not this sheet's.
    labels = (
        Label.objects.live()
        .filter(assignment=assignment, rater=reader_of(assignment), criterion__in=[one.pk for one in every])
        .select_related("step")
        .only("criterion_id", "candidate_id", "value", "text", "step__position")
    )
    answers: dict[Place, Answer] = {}
    ratings: dict[tuple[int, int], Answer] = {}
    for label in labels:
        said = Answer(label.value, label.text)
        if label.candidate_id is not None:
            ratings[label.criterion_id, label.candidate_id] = said
        else:
            answers[label.criterion_id, label.step.position if label.step else None] = said
    return Sheet(
        # Pairs have a page of their own.
        criteria=tuple(
            one
            for one in every
            if one.is_asked and one.scope != Scope.PAIR and one.kind != CriterionKind.GROUP
        ),
        groups=tuple(one for one in every if one.kind == CriterionKind.GROUP),
        steps=tuple(Step.objects.filter(trace_id=assignment.trace_id).order_by("position")),
        answers=answers,
        candidates=_candidates_for(assignment, every),
        ratings=ratings,
    )


def _candidates_for(assignment: Assignment, criteria: Iterable[Criterion]) -> tuple[Candidate, ...]:
    """The texts about the trace's steps that somebody is asked about; no query where nobody is."""
    kinds = {one.candidate_kind for one in criteria if one.scope == Scope.CANDIDATE and one.is_asked}
    if any(one.kind == CriterionKind.PICK and one.is_asked for one in criteria):
        kinds.add(CandidateKind.ALTERNATIVE)
    if not kinds:
        return ()
    found = Candidate.objects.filter(step__trace_id=assignment.trace_id, kind__in=kinds)
    return tuple(found.order_by("step", "kind", "position"))


def has_worked_on(assignment_id: int, person: Person) -> bool:
    """Whether the person once held this assignment and answered something in it."""
    return Label.objects.filter(assignment=assignment_id, rater__person=person).exists()


def readings_of(trace: Trace) -> list[Label]:
    """What people and gold keys say about a trace and its steps, submitted work only. Not for annotators."""
    said = (
        Label.objects.counted()
        .filter(
            Q(step__trace=trace) | Q(trace=trace) | Q(candidate__step__trace=trace),
            rater__kind__in=(RaterKind.PERSON, RaterKind.GOLD),
        )
        .select_related("rater", "criterion", "step", "candidate")
    )
    return list(said.order_by("rater__kind", "rater__name", "criterion__position"))


def totals_by_rater(project: Project, labels: Iterable[Label]) -> dict[str, list[Total]]:
    """What each rater's answers about a trace come to, by the project's rubric; empty where it has no groups."""
    criteria = [one for one in rubric_criteria(project) if one.scope == Scope.TRACE]
    if not any(one.kind == CriterionKind.GROUP for one in criteria):
        return {}
    items, questions = rollup_items(criteria), [question_of(one) for one in criteria]
    known = {one.pk for one in criteria}
    said: dict[str, dict[Place, Answer]] = {}
    for label in labels:
        if label.trace_id is not None and label.criterion_id in known:
            said.setdefault(label.rater.name, {})[label.criterion_id, None] = Answer(label.value, label.text)
    return {
        name: roll_up(
            items,
            {pk: answer.value for (pk, _), answer in answers.items()},
            {pk for pk, _ in asked_places(questions, (), answers)},
        )
        for name, answers in said.items()
    }
