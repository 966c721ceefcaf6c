"""The labelling page's inputs: one answer from the script, or the whole sheet from a plain form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.http import QueryDict

from annotate.enums import CriterionKind, Scope
from annotate.label.actions import LONGEST_TEXT, LONGEST_VALUE
from annotate.label.completeness import Place
from annotate.label.queries import Answer, Sheet
from annotate.models import Criterion, Level, Step

NOT_ANSWERED = Answer("", "")


class AnswerForm(forms.Form):
    """One keystroke's worth. ``position`` is empty for the trace as a whole."""

    token = forms.IntegerField(min_value=0)
    criterion = forms.IntegerField()
    position = forms.IntegerField(required=False, min_value=0)
    value = forms.CharField(required=False, max_length=LONGEST_VALUE)
    text = forms.CharField(required=False, max_length=LONGEST_TEXT)
    seconds = forms.FloatField(required=False, min_value=0)
    is_cleared = forms.BooleanField(required=False)


class LeaseForm(forms.Form):
    token = forms.IntegerField(min_value=0)


@dataclass(frozen=True, slots=True)
class Blank:
    """A question at a place, with the answer it has so far."""

    criterion: Criterion
    position: int | None
    answer: Answer

    @property
    def suffix(self) -> str:
        return f"{self.criterion.pk}-{'trace' if self.position is None else self.position}"

    @property
    def place(self) -> str:
        return "The whole trace" if self.position is None else f"Step {self.position + 1}"

    @property
    def levels(self) -> list[Level]:
        return list(self.criterion.levels.all())

    @property
    def chosen(self) -> list[str]:
        return self.answer.value.split()

    @property
    def is_answered(self) -> bool:
        return bool(self.answer.value or self.answer.text)

    @property
    def takes_words(self) -> bool:
        return self.criterion.kind == CriterionKind.TEXT

    @property
    def takes_many(self) -> bool:
        return self.criterion.kind == CriterionKind.TAGS


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its questions."""

    step: Step
    blanks: tuple[Blank, ...]

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def mark(self) -> str:
        """The level shown in the margin: the answer to the first question."""
        return self.blanks[0].answer.value if self.blanks else ""


def rows_of(sheet: Sheet) -> list[Row]:
    about_steps = [criterion for criterion in sheet.criteria if criterion.scope == Scope.STEP]
    return [
        Row(step, tuple(_blank(sheet, criterion, step.position) for criterion in about_steps))
        for step in sheet.steps
    ]


def blanks_about_trace(sheet: Sheet) -> list[Blank]:
    return [_blank(sheet, criterion, None) for criterion in sheet.criteria if criterion.scope == Scope.TRACE]


def changed_answers(sheet: Sheet, data: QueryDict) -> Iterator[tuple[Place, Answer]]:
    """What a posted sheet says that the stored one does not; a question left blank says nothing."""
    every = [blank for row in rows_of(sheet) for blank in row.blanks] + blanks_about_trace(sheet)
    for blank in every:
        said = Answer(
            " ".join(sorted(data.getlist(f"answer-{blank.suffix}"))),
            data.get(f"text-{blank.suffix}", "").strip(),
        )
        is_answer = bool(said.text) if blank.takes_words else bool(said.value)
        if is_answer and said != blank.answer:
            yield (blank.criterion.pk, blank.position), said


def _blank(sheet: Sheet, criterion: Criterion, position: int | None) -> Blank:
    return Blank(criterion, position, sheet.answers.get((criterion.pk, position), NOT_ANSWERED))
