"""What a person is asked about a trace, and what they have said so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from annotate.enums import RaterKind, Scope, Verdict
from annotate.errors import Conflict
from annotate.models import Assignment, Criterion, Label, Person, Project, Rater, Step, Trace

from .completeness import Place, Question, first_missing, wanted_places


@dataclass(frozen=True, slots=True)
class Answer:
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An assignment laid out for its holder: the questions, the steps, and their own answers by place."""

    criteria: tuple[Criterion, ...]
    steps: tuple[Step, ...]
    answers: Mapping[Place, Answer]
    # The newest label of the assignment, for telling later ones apart; 0 when there is none.
    seen: int = 0

    @property
    def wanted(self) -> list[Place]:
        return list(wanted_places(self._questions, len(self.steps), self._values))

    @property
    def missing(self) -> Place | None:
        return first_missing(self._questions, len(self.steps), self._values)

    @property
    def n_missing(self) -> int:
        return sum(place not in self.answers for place in self.wanted)

    @property
    def _questions(self) -> list[Question]:
        return [question_of(criterion) for criterion in self.criteria]

    @property
    def _values(self) -> dict[Place, str]:
        return {place: answer.value for place, answer in self.answers.items()}


# A frozen version never changes, and every keystroke asks for it. The date tells apart two databases' version 1.
_frozen: dict[tuple[int, datetime], tuple[Criterion, ...]] = {}


def asked_criteria(project: Project) -> tuple[Criterion, ...]:
    """The questions put to people, with their levels; pairs have a page of their own."""
    rubric = project.rubric
    if rubric is None:
        return ()
    version = (rubric.pk, rubric.created_at)
    if version not in _frozen:
        asked = Criterion.objects.filter(rubric=rubric, is_asked=True).exclude(scope=Scope.PAIR)
        criteria = tuple(asked.select_related("rubric").prefetch_related("levels"))
        if not rubric.is_frozen:
            return criteria
        _frozen[version] = criteria
    return _frozen[version]


def question_of(criterion: Criterion) -> Question:
    errors = {
        level.key
        for level in criterion.levels.all()
        if level.key == Verdict.BAD or (level.score is not None and level.score < 0)
    }
    return Question(
        id=criterion.pk,
        title=criterion.title,
        is_about_steps=criterion.scope == Scope.STEP,
        stops_at_first_error=criterion.stops_at_first_error,
        errors=errors,
    )


def reader_of(assignment: Assignment) -> Rater:
    """Whoever holds or held the assignment; an open one has nobody whose answers could be asked for."""
    if assignment.holder is None:
        raise Conflict("Nobody holds this trace.")
    return assignment.holder


def sheet_of(assignment: Assignment) -> Sheet:
    """Everything the labelling page needs, and nothing that other raters said."""
    rows = Label.objects.filter(assignment=assignment, rater=reader_of(assignment)).values_list(
        "pk", "criterion", "step__position", "value", "text", "is_live"
    )
    labels = list(rows)
    return Sheet(
        criteria=asked_criteria(assignment.project),
        steps=tuple(Step.objects.filter(trace_id=assignment.trace_id).order_by("position")),
        answers={
            (criterion, position): Answer(value, text)
            for _, criterion, position, value, text, is_live in labels
            if is_live
        },
        seen=max((pk for pk, *_ in labels), default=0),
    )


def has_worked_on(assignment_id: int, person: Person) -> bool:
    """Whether the person once held this assignment and answered something in it."""
    return Label.objects.filter(assignment=assignment_id, rater__person=person).exists()


def readings_of(trace: Trace) -> list[Label]:
    """What people and gold keys say about a trace and its steps, submitted work only. Not for annotators."""
    said = (
        Label.objects.counted()
        .filter(Q(step__trace=trace) | Q(trace=trace), rater__kind__in=(RaterKind.PERSON, RaterKind.GOLD))
        .select_related("rater", "criterion", "step")
    )
    return list(said.order_by("rater__kind", "rater__name", "criterion__position"))
