"""Ask which level of a criterion holds, and read the answer as a distribution over its levels.

Levels are offered as letters: those are single tokens nearly everywhere, which level keys are not. Models lean towards
some letters and places, so a question is asked with its levels in several orders, and the readings are averaged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from annotate.errors import Rejected
from annotate.prelabel import prompts
from annotate.prelabel.asking.choices import (
    ChoiceReading,
    Unread,
    averaged,
    label_orders,
    order_gap,
    read_choices,
)
from annotate.prelabel.asking.quoting import Shown
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    LevelTask,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
    TraceTask,
)
from annotate.settings import require

LETTERS = "ABCDEFGHIJKLMNOPQRST"
OTHER_WORDS = "the model wanted to say something else"


@dataclass(frozen=True, slots=True)
class QuestionSettings:
    """``orders`` of the levels are asked and averaged. ``votes`` texts are drawn where probabilities are not to be had.

    Where less than ``min_mass`` of the probability is on the allowed answers, nothing is said. ``show_reference`` adds
    the reference answer or solution where the trace has one.
    """

    orders: int = 2
    votes: int = 5
    min_mass: float = 0.5
    show_reference: Shown = "none"
    system: str = ""
    temperature: float = 1.0
    max_tokens: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        require(1 <= self.orders <= len(LETTERS), "orders", f"must lie between 1 and {len(LETTERS)}.")
        require(1 <= self.votes <= 1024, "votes", "must lie between 1 and 1024.")
        require(0 <= self.min_mass <= 1, "min_mass", "must lie in [0, 1].")
        require(self.temperature >= 0, "temperature", "must not be negative.")
        is_drawn = self.votes == 1 or self.temperature > 0
        require(is_drawn, "temperature", "must be above 0 with several votes, or they are copies.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens, seed=self.seed)


@dataclass(frozen=True, slots=True)
class LevelReading:
    """``choice.probabilities`` by level key; ``order_gap`` is how far the order of the levels moved one of them."""

    choice: ChoiceReading
    order_gap: float

    @property
    def value(self) -> str:
        """The likeliest level."""
        probabilities = self.choice.probabilities
        return max(probabilities, key=lambda key: probabilities[key])

    def evidence(self) -> dict[str, object]:
        return {**self.choice.evidence(), "order_gap": round(self.order_gap, 6)}


class LevelQuestion:
    """One criterion asked about one place: ``requests`` are the orders, ``read`` takes their answers."""

    def __init__(self, prompt: str, criterion: CriterionTask, settings: QuestionSettings) -> None:
        self._prompt = prompts.load(prompt)
        self._settings = settings
        self.criterion = criterion
        self.levels = scored_levels(criterion)
        self._letters = LETTERS[: len(self.levels)]
        self._orders = label_orders([level.key for level in self.levels], settings.orders)

    @property
    def size(self) -> int:
        """How many requests the question takes."""
        return len(self._orders)

    def requests(self, context: str, about: int | None, purpose: str) -> list[Request]:
        """One request per order, with ``context`` first so that all of them share it."""
        return [self._request(order, context, about, purpose) for order in self._orders]

    def read(self, answers: Sequence[Sequence[Completion]]) -> LevelReading:
        """Raises Unread with the reason: an order cannot be read, other words were wanted, or two levels are tied."""
        readings = [
            _renamed(read_choices(completions, self._letters), dict(zip(self._letters, order, strict=True)))
            for completions, order in zip(answers, self._orders, strict=True)
        ]
        mean = averaged(readings)
        require_mass(mean, self._settings.min_mass)
        if mean.best is None:
            raise Unread("two levels are equally likely")
        return LevelReading(mean, order_gap(readings))

    def _request(self, order: Sequence[str], context: str, about: int | None, purpose: str) -> Request:
        by_key = {level.key: level for level in self.levels}
        lines = [_level_line(letter, by_key[key]) for letter, key in zip(self._letters, order, strict=True)]
        text = self._prompt.render(
            context=context,
            place="the whole solution" if about is None else f"step {about + 1}",
            title=self.criterion.title,
            description=self.criterion.description,
            answers="\n".join(lines),
        )
        return choice_request(text, tuple(self._letters), self._settings, about, purpose)


def choice_request(
    text: str, choices: tuple[str, ...], settings: QuestionSettings, about: int | None, purpose: str
) -> Request:
    system = (Message("system", settings.system),) if settings.system else ()
    messages = (*system, Message("user", text))
    return Request(messages, settings.votes, settings.sampling, choices=choices, about=about, purpose=purpose)


def require_mass(reading: ChoiceReading, least: float) -> None:
    """Raises Unread where the allowed answers are not what the model was about to say."""
    if reading.mass is not None and reading.mass < least:
        raise Unread(OTHER_WORDS)


def scored_levels(criterion: CriterionTask) -> tuple[LevelTask, ...]:
    """The levels that lie on a number line; "unsure" does not, and a machine says it by falling silent.

    Raises Rejected for a criterion that a graded answer cannot be given to.
    """
    levels = tuple(level for level in criterion.levels if level.score is not None)
    if len({level.score for level in levels}) < 2:
        raise Rejected(f"{criterion.key} has no two levels with different scores.", field="criterion")
    if len(levels) > len(LETTERS):
        raise Rejected(f"{criterion.key} has more than {len(LETTERS)} levels.", field="criterion")
    return levels


def asked_criterion(task: TraceTask) -> CriterionTask:
    """The criterion of the run. Raises Rejected where there is none."""
    if task.criterion is None:
        raise Rejected("the run labels no criterion.", field="criterion")
    return task.criterion


def places_of(task: TraceTask, scope: str) -> tuple[tuple[int | None, ...], tuple[Silence, ...]]:
    """Indices of the steps to ask about (None: the whole trace) and silences for those that hold nothing.

    Observations are the environment's and are not judged.
    """
    if scope != "step":
        return (None,), ()
    own = [index for index, step in enumerate(task.steps) if step.kind != "observation"]
    full = tuple(index for index in own if task.steps[index].text.strip())
    empty = [Silence(task.steps[index].position, "the step is empty") for index in own if index not in full]
    return full, tuple(empty)


def expected_score(levels: Sequence[LevelTask], distribution: Mapping[str, float]) -> float:
    """The mean of the levels' scores; the levels are those of ``scored_levels``."""
    return math.fsum(distribution[level.key] * (level.score or 0.0) for level in levels)


def level_opinion(
    position: int | None, criterion: CriterionTask, reading: LevelReading, name: str
) -> Opinion:
    """The likeliest level as a label; ``name`` is the criterion's key where it is not the run's own."""
    probabilities = reading.choice.probabilities
    score = expected_score(scored_levels(criterion), probabilities)
    return Opinion(
        position, reading.value, score, dict(probabilities), evidence=reading.evidence(), criterion=name
    )


def _level_line(letter: str, level: LevelTask) -> str:
    return f"{letter}: {level.title}" + (f" – {level.description}" if level.description else "")


def _renamed(reading: ChoiceReading, names: Mapping[str, str]) -> ChoiceReading:
    return replace(reading, probabilities={names[c]: p for c, p in reading.probabilities.items()})
