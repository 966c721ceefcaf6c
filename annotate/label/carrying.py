"""Labels of one rubric version as labels of another. Called by actions.py, inside its transaction.

The old labels stay as they are: what is carried over is new rows, whose evidence names the label and the move they come
from. What is read is read in batches, and what is written is written inside the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from annotate.enums import COMPARED, AssignmentState, CriterionKind
from annotate.ingest.presets import CriterionPreset
from annotate.ingest.rubric_rows import criteria_of
from annotate.models import Assignment, Candidate, Criterion, Label, Rubric, Step

from .carried_rows import Passage, copy_rows
from .completeness import Answer, Place, first_missing
from .mapping import Move, Moves, carried_shares, carried_value
from .queries import Sheet, question_of

BATCH = 2000


@dataclass(frozen=True, slots=True)
class CarriedAnswer:
    """One value of one question: how many live labels say it, and what it becomes (None: set aside)."""

    value: str
    n: int
    to: str | None


@dataclass(frozen=True, slots=True)
class CarriedQuestion:
    key: str
    title: str
    to: str | None
    answers: tuple[CarriedAnswer, ...]

    @property
    def n_carried(self) -> int:
        return sum(answer.n for answer in self.answers if answer.to is not None)

    @property
    def n_aside(self) -> int:
        return sum(answer.n for answer in self.answers if answer.to is None)


@dataclass(frozen=True, slots=True)
class Reading:
    """A submitted assignment that the new version finds incomplete."""

    assignment: int
    trace: str
    reader: str
    missing: str


@dataclass(frozen=True, slots=True)
class Carriage:
    """What carrying labels over comes to, done or not."""

    questions: tuple[CarriedQuestion, ...]
    n_complete: int
    incomplete: tuple[Reading, ...]

    @property
    def n_carried(self) -> int:
        return sum(question.n_carried for question in self.questions)

    @property
    def n_aside(self) -> int:
        return sum(question.n_aside for question in self.questions)


def carriage_of(old: Rubric, new: Rubric, moves: Moves) -> Carriage:
    """Count what would be carried over and set aside, and check every submitted assignment."""
    targets = {one.key: one for one in criteria_of(new)}
    questions = tuple(_questions(old, moves, targets))
    complete, incomplete = _readings(old, new, moves, targets)
    return Carriage(questions, complete, tuple(incomplete))


def carry(old: Rubric, new: Rubric, moves: Moves) -> int:
    """Write the new rows; how many. The caller holds the transaction and freezes nothing before."""
    targets = {one.key: one for one in criteria_of(new)}
    ids = dict(new.criteria.values_list("key", "pk"))
    written = 0
    for criterion, value in _said(old):
        move = moves.get(criterion.key, Move(None))
        to = _value(value, move, targets)
        if to is None or move.to is None:
            continue
        passage = Passage(criterion.pk, value, ids[move.to], to, str(old), criterion.key)
        keeps_levels = all(level == becomes for level, becomes in move.levels.items())
        written += copy_rows(passage, with_shares=keeps_levels)
        if not keeps_levels:
            written += _carry_shares(passage, move)
    return written


def _said(old: Rubric) -> list[tuple[Criterion, str]]:
    """Each question of a rubric with each of the answers that live labels give to it."""
    criteria = {one.pk: one for one in old.criteria.all()}
    said = Label.objects.live().filter(criterion__rubric=old).order_by("criterion", "value")
    return [(criteria[pk], value) for pk, value in said.values_list("criterion", "value").distinct()]


def _carry_shares(passage: Passage, move: Move) -> int:
    """Labels with probabilities, whose names change with the levels': row by row, but only these."""
    rows = Label.objects.live().filter(
        criterion=passage.criterion, value=passage.value, distribution__isnull=False
    )
    written = 0
    for batch in _batches(rows):
        Label.objects.bulk_create([_with_shares(label, passage, move) for label in batch])
        written += len(batch)
    return written


def _with_shares(label: Label, passage: Passage, move: Move) -> Label:
    came: dict[str, Any] = {
        "label": label.pk,
        "rubric": passage.rubric,
        "criterion": passage.criterion_key,
        "value": passage.value,
    }
    return Label(
        rater_id=label.rater_id,
        criterion_id=passage.to_criterion,
        step_id=label.step_id,
        trace_id=label.trace_id,
        pair_id=label.pair_id,
        candidate_id=label.candidate_id,
        lineup_id=label.lineup_id,
        assignment_id=label.assignment_id,
        run_id=label.run_id,
        value=passage.to_value,
        score=label.score,
        text=label.text,
        distribution=carried_shares(label.distribution, move),
        evidence={**label.evidence, "carried_from": came},
        has_seen_prelabels=label.has_seen_prelabels,
    )


def _questions(
    old: Rubric, moves: Moves, targets: Mapping[str, CriterionPreset]
) -> Iterator[CarriedQuestion]:
    counts: dict[int, Counter[str]] = {}
    said = Label.objects.live().filter(criterion__rubric=old).values_list("criterion", "value")
    for criterion, value, n in said.annotate(n=Count("pk")).order_by():
        counts.setdefault(criterion, Counter())[value] = n
    for criterion in old.criteria.all():
        if criterion.pk not in counts:
            continue
        move = moves.get(criterion.key, Move(None))
        answers = (
            CarriedAnswer(value, n, _value(value, move, targets))
            for value, n in sorted(counts[criterion.pk].items(), key=lambda item: (-item[1], item[0]))
        )
        yield CarriedQuestion(criterion.key, criterion.title, move.to, tuple(answers))


def _value(value: str, move: Move, targets: Mapping[str, CriterionPreset]) -> str | None:
    return None if move.to is None else carried_value(value, move, targets[move.to])


def _readings(
    old: Rubric, new: Rubric, moves: Moves, targets: Mapping[str, CriterionPreset]
) -> tuple[int, list[Reading]]:
    every = list(new.criteria.prefetch_related("levels"))
    asked = [
        one for one in every if one.is_asked and one.scope not in COMPARED and one.kind != CriterionKind.GROUP
    ]
    titles = {one.pk: one.title for one in asked}
    ids = {one.key: one.pk for one in every}
    complete, incomplete = 0, []
    spoke = Label.objects.live().filter(assignment=OuterRef("pk"), criterion__rubric=old)
    submitted = Assignment.objects.filter(
        Exists(spoke), project=old.project_id, state=AssignmentState.SUBMITTED
    )
    for batch in _batches(submitted.select_related("trace", "holder"), size=500):
        for one, missing in zip(batch, _missing(batch, asked, old, moves, targets, ids), strict=True):
            if missing is None:
                complete += 1
                continue
            pk, position = missing
            place = (
                gettext("the whole trace")
                if position is None
                else gettext("step %(position)s") % {"position": position + 1}
            )
            reader = one.holder.name if one.holder else ""
            incomplete.append(Reading(one.pk, one.trace.external_id, reader, f"{titles[pk]}, {place}"))
    return complete, incomplete


def _missing(
    batch: Sequence[Assignment],
    asked: Sequence[Criterion],
    old: Rubric,
    moves: Moves,
    targets: Mapping[str, CriterionPreset],
    ids: Mapping[str, int],
) -> Iterator[Place | None]:
    """For each assignment what it would still miss. Steps and candidates are read only where a question needs them."""
    answers: dict[int, dict[Place, Answer]] = {}
    ratings: dict[int, dict[tuple[int, int], Answer]] = {}
    labels = Label.objects.live().filter(criterion__rubric=old, assignment__in=[one.pk for one in batch])
    for assignment, key, candidate, position, value, text in labels.values_list(
        "assignment", "criterion__key", "candidate", "step__position", "value", "text"
    ):
        move = moves.get(key, Move(None))
        to = _value(value, move, targets)
        if to is None or move.to is None or assignment is None:
            continue
        if candidate is None:
            answers.setdefault(assignment, {})[ids[move.to], position] = Answer(to, text)
        else:
            ratings.setdefault(assignment, {})[ids[move.to], candidate] = Answer(to, text)
    if not any(one.step_kinds or one.candidate_kind or one.kind == CriterionKind.PICK for one in asked):
        questions = [question_of(one) for one in asked]
        for one in batch:
            yield first_missing(questions, [""] * one.trace.n_steps, answers.get(one.pk, {}))
        return
    traces = [one.trace_id for one in batch]
    steps: dict[int, list[Step]] = {}
    for step in Step.objects.filter(trace__in=traces).defer("text", "meta").order_by("trace", "position"):
        steps.setdefault(step.trace_id, []).append(step)
    candidates: dict[int, list[Candidate]] = {}
    given = (
        Candidate.objects.filter(step__trace__in=traces, step__retired_in=None)
        .select_related("step")
        .defer("text", "step__text")
    )
    for text_given in given.order_by("step", "kind", "position"):
        candidates.setdefault(text_given.step.trace_id, []).append(text_given)
    for one in batch:
        yield Sheet(
            criteria=tuple(asked),
            groups=(),
            steps=tuple(steps[one.trace_id]),
            answers=answers.get(one.pk, {}),
            candidates=tuple(candidates.get(one.trace_id, ())),
            ratings=ratings.get(one.pk, {}),
        ).missing


def _batches(rows: QuerySet[Any], *, size: int = BATCH) -> Iterator[list[Any]]:
    """The rows in the order of their keys, ``size`` at a time; what is written meanwhile is not read."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield batch
        last = batch[-1].pk
