"""What a person is asked about a trace, and what they have said so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from django.db.models import Exists, F, Q, QuerySet
from django.utils.translation import gettext

from annotate.enums import COMPARED, CriterionKind, RaterKind, Scope
from annotate.errors import Conflict
from annotate.models import (
    Assignment,
    Candidate,
    Comment,
    Criterion,
    CutReport,
    Label,
    Person,
    Project,
    Rater,
    Step,
    Trace,
)
from annotate.prepared import Prepared

from .completeness import Answer, Place, Question, asked_places, open_places
from .rating import Rated, Texts, candidates_for
from .rollup import Item, Total, roll_up


@dataclass(frozen=True)
class Sheet:
    """An assignment laid out for its holder: the questions, the steps, and their own answers by place.

    ``ratings`` are the answers about candidates, by criterion and candidate.
    """

    criteria: tuple[Criterion, ...]
    groups: tuple[Criterion, ...]
    steps: tuple[Step, ...]
    answers: Mapping[Place, Answer]
    # The newest label of the assignment, for telling later ones apart; 0 when there is none.
    seen: int = 0
    candidates: tuple[Candidate, ...] = ()
    ratings: Mapping[Rated, Answer] = field(default_factory=dict)
    # The boundary version of ``steps``, read with them: what the page's answers name.
    boundary: int = 1
    # Whether there may be reports by the holder about the steps, and comments for them.
    has_reports: bool = True
    has_comments: bool = True

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
        by_pk = {one.pk: one for one in self.criteria}
        return sum(len(self.texts.unrated(by_pk[pk], at, self.ratings)) or 1 for pk, at in self.open)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.candidates, {step.pk: step.position for step in self.steps})

    @cached_property
    def totals(self) -> list[Total]:
        """What the answers about the trace come to, group by group."""
        if not self.groups:
            return []
        said = {pk: answer.value for (pk, position), answer in self.answers.items() if position is None}
        asked = {pk for pk, position in self.asked if position is None}
        return roll_up(rollup_items([*self.groups, *self.criteria]), said, asked)

    @property
    def _kinds(self) -> list[str]:
        return [step.kind for step in self.steps]

    @cached_property
    def _together(self) -> dict[Place, Answer]:
        return self.texts.together(self.criteria, self.answers, self.ratings)

    @cached_property
    def _questions(self) -> list[Question]:
        return [question_of(criterion, self.texts.places_of(criterion)) for criterion in self.criteria]


# A frozen version never changes, and every keystroke asks for it. The date tells apart two databases' version 1.
_frozen: dict[tuple[int, datetime], tuple[Criterion, ...]] = {}


def rubric_criteria(project: Project) -> tuple[Criterion, ...]:
    """Everything the project's rubric asks of anybody, with its levels."""
    rubric = project.rubric
    if rubric is None:
        return ()
    version = (rubric.pk, rubric.created_at)
    if version in _frozen:
        return _frozen[version]
    found = Criterion.objects.filter(rubric=rubric)
    every = tuple(found.select_related("rubric").prefetch_related("levels"))
    by_pk: dict[int | None, Criterion] = {one.pk: one for one in every}
    for one in every:
        # Known rows, so that asking for them asks the database nothing.
        one.parent, one.condition = by_pk.get(one.parent_id), by_pk.get(one.condition_id)
    if rubric.is_frozen:
        _frozen[version] = every
    return every


def asked_criteria(project: Project) -> tuple[Criterion, ...]:
    """The questions put to people about a trace and its steps; what is compared has a page of its own."""
    return _asked_among(rubric_criteria(project))


def _asked_among(every: Iterable[Criterion]) -> tuple[Criterion, ...]:
    return tuple(
        one for one in every if one.is_asked and one.scope not in COMPARED and one.kind != CriterionKind.GROUP
    )


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


def question_of(criterion: Criterion, only_at: Collection[int] | None = None) -> Question:
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
        raise Conflict(gettext("Nobody holds this trace."))
    return assignment.holder


def sheet_of(assignment: Assignment) -> Sheet:
    """Everything the labelling page needs, and nothing that other raters said.

    The steps come with whether there are answers, reports and comments, so that a trace somebody opens for the first
    time is one statement. Steps come before answers: should the trace be cut anew in between, the page names the old
    version, and is made anew at its next answer.
    """
    reader = reader_of(assignment)
    steps = _steps_beside.all(
        trace=assignment.trace_id, assignment=assignment.pk, rater=reader.pk, person=reader.person_id or 0
    )
    has_answers = not steps or steps[0].has_answers  # type: ignore[attr-defined]
    rows = _own_labels.all(assignment=assignment.pk, rater=reader.pk) if has_answers else []
    return _filled_in(assignment, steps, rows)


def piece_of(assignment: Assignment, start: int, n: int) -> Sheet:
    """The sheet of ``n`` steps from the place ``start`` on; nothing is read of the others, nor about the trace.

    A step's questions and answers are its own; which of them are still asked the page's script works out.
    """
    reader, end = reader_of(assignment), start + n
    steps = _some_steps_beside.all(
        trace=assignment.trace_id,
        assignment=assignment.pk,
        rater=reader.pk,
        person=reader.person_id or 0,
        start=start,
        end=end,
    )
    if not steps:
        blank = _laid_out(assignment, steps, rubric_criteria(assignment.project))
        return replace(blank, boundary=assignment.trace.boundary_version)
    rows: list[_OwnLabel] = []
    if steps[0].has_answers:  # type: ignore[attr-defined]
        rows = _some_own_labels.all(assignment=assignment.pk, rater=reader.pk, start=start, end=end)
    sheet, own = _filled_in(assignment, steps, rows), {step.pk for step in steps}
    return replace(sheet, candidates=tuple(one for one in sheet.candidates if one.step_id in own))


def _filled_in(assignment: Assignment, steps: Sequence[Step], rows: Sequence[_OwnLabel]) -> Sheet:
    first: Any = steps[0] if steps else None
    # An earlier version's answers may lie in the same slot; they are not this sheet's.
    every = rubric_criteria(assignment.project)
    current = {one.pk for one in every}
    labels = [row for row in rows if row[1] in current]
    return replace(
        _laid_out(assignment, steps, every),
        has_reports=first is None or first.has_reports,
        has_comments=first is None or first.has_comments,
        answers={
            (criterion, position): Answer(value, text)
            for _, criterion, candidate, position, value, text, is_live in labels
            if is_live and candidate is None
        },
        ratings={
            (criterion, candidate): Answer(value, text)
            for _, criterion, candidate, _, value, text, is_live in labels
            if is_live and candidate is not None
        },
        seen=max((pk for pk, *_ in labels), default=0),
    )


def said_by(rater: int) -> QuerySet[Label]:
    """A rater's labels, to be found by what they are about.

    The sum keeps databases from the index over all that somebody has said, which a database that has not counted its
    rows for a while takes for short.
    """
    return Label.objects.annotate(by=F("rater") + 0).filter(by=rater)


_OwnLabel: TypeAlias = tuple[int, int, int | None, int | None, str, str, bool]


def _said_in(assignment: Any, rater: Any) -> QuerySet[Label, _OwnLabel]:
    found = said_by(rater).filter(assignment=assignment)
    return found.values_list("pk", "criterion", "candidate", "step__position", "value", "text", "is_live")


_own_labels: Prepared[_OwnLabel] = Prepared(_said_in)
_some_own_labels: Prepared[_OwnLabel] = Prepared(
    lambda assignment, rater, start, end: _said_in(assignment, rater).filter(
        Q(step__position__gte=start, step__position__lt=end)
        | Q(candidate__step__position__gte=start, candidate__step__position__lt=end)
    )
)


def open_reports(trace: int, person: int) -> QuerySet[CutReport]:
    """What the person has reported about the trace and nobody has answered."""
    return CutReport.objects.filter(trace=trace, author=person, answer="").order_by("pk")


def comments_for(trace: int, person: int) -> QuerySet[Comment]:
    """What whoever reads the trace may see of its discussion (:mod:`annotate.label.threads` has the rule)."""
    return Comment.objects.filter(trace=trace).filter(Q(author=person) | Q(addressee=person))


def _steps(trace: int) -> QuerySet[Step]:
    # In one statement with the steps: a trace that is cut anew between two would give its new steps the old version.
    with_version = Step.objects.filter(trace_id=trace).annotate(boundary=F("trace__boundary_version"))
    return with_version.order_by("position")


_steps_of: Prepared[Step] = Prepared(_steps)


def _with_what_is_beside(trace: Any, assignment: Any, rater: Any, person: Any) -> QuerySet[Step]:
    return _steps(trace).annotate(
        has_answers=Exists(said_by(rater).filter(assignment=assignment)),
        has_reports=Exists(open_reports(trace, person)),
        has_comments=Exists(comments_for(trace, person)),
    )


_steps_beside: Prepared[Step] = Prepared(_with_what_is_beside)
_some_steps_beside: Prepared[Step] = Prepared(
    lambda trace, assignment, rater, person, start, end: _with_what_is_beside(
        trace, assignment, rater, person
    ).filter(position__gte=start, position__lt=end)
)


def blank_sheet(assignment: Assignment) -> Sheet:
    """The questions and the steps without any answers."""
    every = rubric_criteria(assignment.project)
    return _laid_out(assignment, _steps_of.all(trace=assignment.trace_id), every)


def _laid_out(assignment: Assignment, steps: Sequence[Step], every: Sequence[Criterion]) -> Sheet:
    groups = (one for one in every if one.kind == CriterionKind.GROUP)
    criteria = _asked_among(every)
    boundary: int = steps[0].boundary if steps else 1  # type: ignore[attr-defined]
    return Sheet(
        criteria=criteria,
        candidates=candidates_for(assignment.trace_id, criteria),
        groups=tuple(groups),
        steps=tuple(steps),
        answers={},
        boundary=boundary,
    )


def has_worked_on(assignment_id: int, person: Person) -> bool:
    """Whether the person once held this assignment and answered something in it."""
    return Label.objects.filter(assignment=assignment_id, rater__person=person).exists()


def readings_of(trace: Trace) -> list[Label]:
    """What people and gold keys say about a trace and its steps, submitted work only. Not for annotators."""
    said = (
        Label.objects.about(trace)
        .counted()
        .filter(rater__kind__in=(RaterKind.PERSON, RaterKind.GOLD))
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
