"""The labelling page's inputs: one answer from the script, or the whole sheet from a plain form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from annotate.enums import WORDING_KINDS, CandidateKind, CriterionKind, Scope
from annotate.label.actions import LONGEST_CORRECTION
from annotate.label.completeness import Answer
from annotate.label.queries import Sheet
from annotate.models import Candidate, Criterion, Level, Step
from annotate.models.label import LONGEST_VALUE

NOT_ANSWERED = Answer("", "")
# The choice of none of the alternatives: its answer is the words beside it.
OWN = "own"
# Criterion, step position (None: the trace) and the candidate that is rated, if one is.
Spot = tuple[int, int | None, Candidate | None]


class AnswerForm(forms.Form):
    """One keystroke's worth. ``position`` is empty for the trace as a whole."""

    token = forms.IntegerField(min_value=0)
    criterion = forms.IntegerField()
    position = forms.IntegerField(required=False, min_value=0)
    candidate = forms.IntegerField(required=False)
    value = forms.CharField(required=False, max_length=LONGEST_VALUE)
    text = forms.CharField(required=False, max_length=LONGEST_CORRECTION, strip=False)
    is_filled = forms.BooleanField(required=False)
    seconds = forms.FloatField(required=False, min_value=0)
    is_cleared = forms.BooleanField(required=False)


class LeaseForm(forms.Form):
    token = forms.IntegerField(min_value=0)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as every place on the page shows it; made once, however many steps there are."""

    criterion: Criterion
    order: int
    levels: tuple[Level, ...]
    asked_where: str
    fill: str
    # One question about a step needs no name; several do.
    is_named: bool

    @property
    def takes_words(self) -> bool:
        return self.criterion.kind in WORDING_KINDS

    @property
    def takes_many(self) -> bool:
        return self.criterion.kind == CriterionKind.TAGS

    @property
    def is_correction(self) -> bool:
        return self.criterion.kind == CriterionKind.CORRECTION

    @property
    def is_pick(self) -> bool:
        return self.criterion.kind == CriterionKind.PICK

    @property
    def condition_levels(self) -> str:
        return " ".join(self.criterion.condition_levels)


@dataclass(frozen=True, slots=True)
class Blank:
    """A question at a place, with the answer it has so far."""

    asking: Asking
    step: Step | None
    answer: Answer
    # The text that is rated, or those that one is picked from.
    candidate: Candidate | None = None
    choices: tuple[Candidate, ...] = ()

    @property
    def criterion(self) -> Criterion:
        return self.asking.criterion

    @property
    def position(self) -> int | None:
        return self.step.position if self.step else None

    @property
    def suffix(self) -> str:
        if self.candidate is not None:
            return f"{self.criterion.pk}-c{self.candidate.pk}"
        return f"{self.criterion.pk}-{'trace' if self.step is None else self.step.position}"

    @property
    def place(self) -> str:
        if self.candidate is not None and self.step is not None:
            kind = self.candidate.get_kind_display().lower()
            return f"Step {self.step.position + 1}, {kind} {self.candidate.number}"
        return "The whole trace" if self.step is None else f"Step {self.step.position + 1}"

    @property
    def is_named(self) -> bool:
        return self.asking.is_named

    @property
    def chosen(self) -> list[str]:
        if self.asking.is_pick and self.answer.text and not self.answer.value:
            return [OWN]
        return self.answer.value.split()

    @property
    def is_answered(self) -> bool:
        return bool(self.answer.value or self.answer.text)

    @property
    def words(self) -> str:
        """What the text field holds: a correction starts from the step."""
        if self.asking.is_correction and self.step is not None and not self.answer.text:
            return self.step.body
        return self.answer.text


@dataclass(frozen=True, slots=True)
class Given:
    """The texts of one kind about a step, each with its questions."""

    title: str
    texts: tuple[tuple[Candidate, tuple[Blank, ...]], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its questions and the texts about it, in the rubric's order."""

    step: Step
    parts: tuple[Blank | Given, ...]

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def mark(self) -> str:
        """The level shown in the margin: the answer to the first question."""
        first = next((part for part in self.parts if isinstance(part, Blank)), None)
        return first.answer.value if first else ""


def rows_of(sheet: Sheet) -> list[Row]:
    askings = [asking for asking in askings_of(sheet) if asking.criterion.scope != Scope.TRACE]
    return [
        Row(step, tuple(_parts(sheet, [one for one in askings if _is_about(one, step)], step)))
        for step in sheet.steps
    ]


def _parts(sheet: Sheet, askings: Sequence[Asking], step: Step) -> Iterator[Blank | Given]:
    """Texts stand where the first question about them does."""
    shown: set[str] = set()
    for asking in askings:
        kind = CandidateKind.ALTERNATIVE.value if asking.is_pick else asking.criterion.candidate_kind
        texts = sheet.candidates_at(step.position, kind) if kind else []
        if kind and not texts:
            continue
        if kind and kind not in shown:
            shown.add(kind)
            rating = [one for one in askings if one.criterion.candidate_kind == kind]
            rated = ((text, tuple(_blank(sheet, one, step, text) for one in rating)) for text in texts)
            yield Given(f"{CandidateKind(kind).label}s", tuple(rated))
        if asking.criterion.scope == Scope.STEP:
            yield _blank(sheet, asking, step, choices=tuple(texts))


def blanks_about_trace(sheet: Sheet) -> list[Blank]:
    return [
        _blank(sheet, asking, None) for asking in askings_of(sheet) if asking.criterion.scope == Scope.TRACE
    ]


def askings_of(sheet: Sheet) -> list[Asking]:
    """The questions in the rubric's order."""
    by_pk: dict[int | None, Criterion] = {criterion.pk: criterion for criterion in sheet.criteria}
    n_about_steps = sum(criterion.scope == Scope.STEP for criterion in sheet.criteria)
    return [
        Asking(
            criterion,
            order,
            tuple(criterion.levels.all()),
            _asked_where(by_pk.get(criterion.condition_id), criterion),
            _filling(criterion),
            is_named=criterion.scope != Scope.STEP or n_about_steps > 1,
        )
        for order, criterion in enumerate(sheet.criteria)
    ]


def changed_answers(sheet: Sheet, data: QueryDict) -> Iterator[tuple[Spot, Answer]]:
    """What a posted sheet says that the stored one does not; a question left blank says nothing.

    Steps left open before an error are answered along with it where the question says so.
    """
    said_now = dict(_posted_answers(sheet, data))
    yield from said_now.items()
    for asking in askings_of(sheet):
        if not asking.fill:
            continue
        errors = {level.key for level in asking.levels if level.is_error}
        spots: list[Spot] = [(asking.criterion.pk, step.position, None) for step in sheet.steps]
        values = [(said_now.get(spot) or sheet.answers.get(spot[:2], NOT_ANSWERED)).value for spot in spots]
        first = next((index for index, value in enumerate(values) if value in errors), 0)
        for spot, value in zip(spots[:first], values, strict=False):
            if not value:
                yield spot, Answer(asking.fill, "", is_filled=True)


def _posted_answers(sheet: Sheet, data: QueryDict) -> Iterator[tuple[Spot, Answer]]:
    for blank in [*_blanks_of_steps(sheet), *blanks_about_trace(sheet)]:
        values = filter(None, data.getlist(f"answer-{blank.suffix}"))
        said = Answer(
            " ".join(sorted(value for value in values if value != OWN)),
            data.get(f"text-{blank.suffix}", "").replace("\r\n", "\n").strip(),
        )
        is_in_words = blank.asking.takes_words or blank.asking.is_pick
        is_answer = bool(said.value) or (is_in_words and bool(said.text))
        if said.text == blank.words.strip() and blank.asking.is_correction:
            continue
        if is_answer and said != blank.answer:
            yield (blank.criterion.pk, blank.position, blank.candidate), said


def _blanks_of_steps(sheet: Sheet) -> Iterator[Blank]:
    for row in rows_of(sheet):
        for part in row.parts:
            if isinstance(part, Blank):
                yield part
            else:
                yield from (blank for _, blanks in part.texts for blank in blanks)


def _is_about(asking: Asking, step: Step) -> bool:
    kinds = asking.criterion.step_kinds
    return not kinds or step.kind in kinds


def _blank(
    sheet: Sheet,
    asking: Asking,
    step: Step | None,
    candidate: Candidate | None = None,
    *,
    choices: tuple[Candidate, ...] = (),
) -> Blank:
    if candidate is not None:
        answer = sheet.ratings.get((asking.criterion.pk, candidate.pk), NOT_ANSWERED)
    else:
        place = (asking.criterion.pk, step.position if step else None)
        answer = sheet.answers.get(place, NOT_ANSWERED)
    return Blank(asking, step, answer, candidate, choices)


def _asked_where(condition: Criterion | None, criterion: Criterion) -> str:
    """ "Only where Verdict is Bad", for those whose page does not hide what is not asked."""
    if condition is None:
        return ""
    titles = [level.title for level in condition.levels.all() if level.key in criterion.condition_levels]
    return f"Only where {condition.title} is {' or '.join(titles)}"


def _filling(criterion: Criterion) -> str:
    """The level that open steps before an error get: the one with the highest score; empty where none do."""
    if not criterion.fills_before_error:
        return ""
    scored = [level for level in criterion.levels.all() if level.score is not None]
    return max(scored, key=lambda level: level.score or 0.0).key if scored else ""
