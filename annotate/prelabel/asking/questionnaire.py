"""Several criteria asked about the same places of a trace, each by itself, all in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.questions import (
    LevelQuestion,
    LevelReading,
    QuestionSettings,
    asked_criterion,
    level_opinion,
)
from annotate.prelabel.asking.quoting import QuotedTrace
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    Opinion,
    Request,
    Silence,
    TraceTask,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was said about one place: readings, and reasons why there is none, by the criterion's key."""

    position: int | None
    read: dict[str, LevelReading]
    unread: dict[str, str]

    def silence(self) -> Silence | None:
        """One silence for all criteria that stayed open here; None where all were answered."""
        if not self.unread:
            return None
        reasons = "; ".join(f"{key}: {reason}" for key, reason in self.unread.items())
        return Silence(self.position, reasons, {"unread": self.unread})


class Questionnaire:
    """``places`` are indices of steps, None being the whole trace; ``sheets`` come in their order."""

    def __init__(
        self, task: TraceTask, criteria: Sequence[CriterionTask], prompt: str, settings: QuestionSettings
    ) -> None:
        self._task = task
        self._own = asked_criterion(task).key
        self._questions = [LevelQuestion(prompt, criterion, settings) for criterion in criteria]
        self._quoted = QuotedTrace(task, settings.show_reference)

    def requests(self, places: Sequence[int | None]) -> list[Request]:
        return [
            request
            for place in places
            for question in self._questions
            for request in question.requests(
                self._quoted.whole() if place is None else self._quoted.through(place),
                self._position(place),
                question.criterion.key,
            )
        ]

    def sheets(self, places: Sequence[int | None], answers: Sequence[Sequence[Completion]]) -> list[Sheet]:
        spoken = iter(answers)
        return [self._sheet(self._position(place), spoken) for place in places]

    def opinions(self, sheet: Sheet) -> list[Opinion]:
        found = []
        for question in self._questions:
            criterion = question.criterion
            if criterion.key in sheet.read:
                name = "" if criterion.key == self._own else criterion.key
                found.append(level_opinion(sheet.position, criterion, sheet.read[criterion.key], name))
        return found

    def _sheet(self, position: int | None, spoken: Iterator[Sequence[Completion]]) -> Sheet:
        sheet = Sheet(position, {}, {})
        for question in self._questions:
            share = list(islice(spoken, question.size))
            try:
                sheet.read[question.criterion.key] = question.read(share)
            except Unread as reason:
                sheet.unread[question.criterion.key] = str(reason)
        return sheet

    def _position(self, place: int | None) -> int | None:
        return None if place is None else self._task.steps[place].position
