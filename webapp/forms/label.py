"""The labelling page's inputs: one answer from the script, or the whole sheet from a plain form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from annotate.enums import CriterionKind, Scope
from annotate.errors import Rejected
from annotate.label.answers import LONGEST_KEY, LONGEST_TEXT, LONGEST_VALUE, Said
from annotate.label.queries import Answer, Sheet
from annotate.label.revealing import MachineWord
from annotate.models import Criterion, Level, Step

# A step is very long from about two screens on.
LONG_LINES, LONG_TEXT = 60, 5_000
NOT_ANSWERED = Answer("", "")


# A page that was offline for long sends what waited in parts of this many.
MOST_ANSWERS = 200


def read_answers(body: bytes) -> tuple[int, list[Said]]:
    """(token, answers) from the page's script: one keystroke, or all that waited while the network was away."""
    try:
        given = json.loads(body)
    except ValueError:
        raise Rejected("The request is not JSON.", field="body") from None
    if not isinstance(given, dict) or not isinstance(given.get("answers"), list):
        raise Rejected("The request holds no list of answers.", field="answers")
    if len(given["answers"]) > MOST_ANSWERS:
        raise Rejected(f"At most {MOST_ANSWERS} answers at once.", field="answers")
    token = _whole(given, "token", row=None)
    if token is None:
        raise Rejected("This field is required.", field="token")
    return token, [_said(answer, row) for row, answer in enumerate(given["answers"], start=1)]


def _said(answer: Any, row: int) -> Said:
    if not isinstance(answer, dict):
        raise Rejected("An answer is an object.", row=row, field="answers")
    criterion = _whole(answer, "criterion", row=row)
    if criterion is None:
        raise Rejected("This field is required.", row=row, field="criterion")
    seconds = answer.get("seconds")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise Rejected("must be a number", row=row, field="seconds")
    return Said(
        criterion_id=criterion,
        position=_whole(answer, "position", row=row),
        value=_words(answer, "value", LONGEST_VALUE, row),
        text=_words(answer, "text", LONGEST_TEXT, row),
        seconds=seconds,
        is_cleared=answer.get("is_cleared") is True,
        key=_words(answer, "key", LONGEST_KEY, row),
        seen=_whole(answer, "seen", row=row),
    )


def _whole(given: dict[str, Any], field: str, *, row: int | None) -> int | None:
    value = given.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise Rejected("must be a whole number from 0", row=row, field=field)
    return value


def _words(given: dict[str, Any], field: str, longest: int, row: int) -> str:
    value = given.get(field, "")
    if not isinstance(value, str):
        raise Rejected("must be text", row=row, field=field)
    if len(value) > longest:
        raise Rejected(f"longer than {longest} characters", row=row, field=field)
    return value


class LeaseForm(forms.Form):
    token = forms.IntegerField(min_value=0)
    # The newest label that the page knew of; a form without it writes over whatever stands.
    seen = forms.IntegerField(min_value=0, required=False)


class LabellingForm(forms.Form):
    """What people see beside the steps."""

    shows_reference = forms.BooleanField(
        required=False,
        label="Show the reference answer and solution",
        help_text="Folded, beside the problem. Whoever knows the answer judges steps by it.",
    )
    reveals_prelabels = forms.BooleanField(
        required=False,
        label="Show what machines said, after the person has answered everything",
        help_text="People answer blind first, always. With this on they then see the pre-labels and may change their"
        " answers; both are kept, and Agreement shows how far each machine pulls.",
    )


@dataclass(frozen=True, slots=True)
class Blank:
    """A question at a place, with the answer it has so far."""

    criterion: Criterion
    position: int | None
    answer: Answer

    @property
    def suffix(self) -> str:
        return _suffix(self.criterion, self.position)

    @property
    def place(self) -> str:
        return "The whole trace" if self.position is None else f"Step {self.position + 1}"

    def standing_in(self, position: str, number: str) -> StandIn:
        """The same open question at a place that is filled in later."""
        return StandIn(self.criterion, None, NOT_ANSWERED, position, number)

    @property
    def levels(self) -> list[Level]:
        return list(self.criterion.levels.all())

    @property
    def best(self) -> str:
        """The level of the highest score, when there is one that says nothing is wrong."""
        scored = [level for level in self.levels if level.score is not None and level.score > 0]
        return max(scored, key=lambda level: level.score or 0.0).key if scored else ""

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
class StandIn(Blank):
    """A question about a step whose position and number are not known yet: texts stand for them."""

    as_position: str
    as_number: str

    @property
    def suffix(self) -> str:
        return f"{self.criterion.pk}-{self.as_position}"

    @property
    def place(self) -> str:
        return f"Step {self.as_number}"


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its questions."""

    step: Step
    blanks: tuple[Blank, ...]
    # What machines say of the step, once that is shown.
    words: tuple[MachineWord, ...] = ()

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def is_disputed(self) -> bool:
        """Whether a machine says other than the person on a question both were asked."""
        said = {blank.criterion.pk: blank.answer.value for blank in self.blanks if blank.answer.value}
        return any(said.get(word.criterion_id, word.value) != word.value for word in self.words)

    @property
    def how_long(self) -> str:
        """What a very long step is cut by on the page, in words; empty for all others."""
        lines = self.step.text.count("\n") + 1
        if lines > LONG_LINES:
            return f"{lines:,} lines"
        return f"{len(self.step.text):,} characters" if len(self.step.text) > LONG_TEXT else ""

    @property
    def mark(self) -> str:
        """The level shown in the margin: the answer to the first question."""
        return self.blanks[0].answer.value if self.blanks else ""


def rows_of(sheet: Sheet, words: Mapping[int | None, Sequence[MachineWord]] | None = None) -> list[Row]:
    about_steps = [criterion for criterion in sheet.criteria if criterion.scope == Scope.STEP]
    return [
        Row(
            step,
            tuple(_blank(sheet, criterion, step.position) for criterion in about_steps),
            tuple((words or {}).get(step.position, ())),
        )
        for step in sheet.steps
    ]


def blanks_about_trace(sheet: Sheet) -> list[Blank]:
    return [_blank(sheet, criterion, None) for criterion in sheet.criteria if criterion.scope == Scope.TRACE]


def said_in(criteria: Sequence[Criterion], n_steps: int, data: QueryDict, *, seen: int | None) -> list[Said]:
    """What a posted sheet says; a question left blank says nothing."""
    said = []
    for criterion in criteria:
        is_about_steps = criterion.scope == Scope.STEP
        for position in range(n_steps) if is_about_steps else (None,):
            suffix = _suffix(criterion, position)
            value = " ".join(sorted(data.getlist(f"answer-{suffix}")))
            text = data.get(f"text-{suffix}", "").strip()
            if value or (text and criterion.kind == CriterionKind.TEXT):
                said.append(Said(criterion.pk, position, value, text, seen=seen))
    return said


def _suffix(criterion: Criterion, position: int | None) -> str:
    return f"{criterion.pk}-{'trace' if position is None else position}"


def _blank(sheet: Sheet, criterion: Criterion, position: int | None) -> Blank:
    return Blank(criterion, position, sheet.answers.get((criterion.pk, position), NOT_ANSWERED))
