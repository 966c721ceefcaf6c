"""Ask for a score on a finer scale than the criterion has, and take the mean over the score's probabilities.

A judge that must name one of three levels throws away what it was unsure about; the probabilities of nine scores keep
it (OPRM, arXiv 2602.12660; TrustJudge, arXiv 2509.21117). ``expected`` is the plain mean. ``trust`` is TrustJudge's:
a softmax over ``log(p / (1 - p))`` at a low temperature, which leans towards the scores the judge is surest of.

The scale's ends stand for the criterion's lowest and highest level, its levels in between in proportion to their
scores. The label is the level nearest to the mean, and the distribution gives each score's probability to its nearest
level. A judge of two minds (much probability at both ends, little between) gets the middle that way; ``split`` in the
evidence says so.

A score must be one token where next-token probabilities are read: "10" begins like "1". Above 9 only a backend's own
question call, or votes, will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotate.prelabel import prompts
from annotate.prelabel.asking.choices import ChoiceReading, Unread, read_choices
from annotate.prelabel.asking.questions import (
    QuestionSettings,
    asked_criterion,
    choice_request,
    places_of,
    require_mass,
    scored_levels,
)
from annotate.prelabel.asking.quoting import QuotedTrace
from annotate.prelabel.asking.score_scale import Scale, mean_score, sharpened, split, variance
from annotate.prelabel.contracts import (
    Completion,
    CriterionTask,
    Finding,
    Opinion,
    Request,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

LAST_SINGLE_TOKEN = 9


@dataclass(frozen=True, slots=True)
class GradedSettings(QuestionSettings):
    """The scale runs from ``low`` to ``high`` in whole numbers.

    ``temperature_scale`` belongs to the method ``trust``. From a ``split`` of ``split_from`` on the label is flagged.
    ``orders`` has no effect: a scale has one order.

    ``method``: the plain mean over the scores, or TrustJudge's, which leans towards those the judge is surest of.
    """

    low: int = 1
    high: int = 9
    method: Literal["expected", "trust"] = "expected"
    temperature_scale: float = 0.2
    split_from: float = 0.2
    prompt: str = "graded@v1"

    def __post_init__(self) -> None:
        QuestionSettings.__post_init__(self)
        require(self.low >= 0, "low", "must not be negative.")
        require(self.low + 1 < self.high <= 100, "high", "must lie between low + 2 and 100.")
        require(self.temperature_scale > 0, "temperature_scale", "must be above 0.")
        require(0 < self.split_from <= 1, "split_from", "must lie in (0, 1].")
        prompts.load(self.prompt)


def judge_graded(task: TraceTask, settings: GradedSettings) -> Strategy:
    """Grade every own step, or the whole trace where the criterion asks about traces."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    grader = _Grader(task, settings)
    answers = (yield [grader.request(place) for place in grader.places]) if grader.places else []
    said = [grader.verdict(place, found) for place, found in zip(grader.places, answers, strict=True)]
    opinions = tuple(one for one in said if isinstance(one, Opinion))
    silences = tuple(one for one in said if isinstance(one, Silence))
    split = [one.position for one in opinions if one.evidence["is_split"]]
    return Finding(opinions, (*grader.silences, *silences), {"judged": len(opinions), "split": split})


class _Grader:
    def __init__(self, task: TraceTask, settings: GradedSettings) -> None:
        self._settings = settings
        self._criterion: CriterionTask = asked_criterion(task)
        self._levels = scored_levels(self._criterion)
        self._scale = Scale(self._levels, settings.low, settings.high)
        self._quoted = QuotedTrace(task, settings.show_reference)
        self._steps = task.steps
        self.places, self.silences = places_of(task, self._criterion.scope)

    def request(self, place: int | None) -> Request:
        settings, criterion = self._settings, self._criterion
        about = None if place is None else self._steps[place].position
        text = prompts.load(settings.prompt).render(
            context=self._quoted.whole() if place is None else self._quoted.through(place),
            place="the whole solution" if about is None else f"step {about + 1}",
            title=criterion.title,
            description=criterion.description,
            low=str(settings.low),
            high=str(settings.high),
            anchors="\n".join(self._anchors()),
        )
        return choice_request(text, self._numbers(), settings, about, "grade")

    def verdict(self, place: int | None, completions: Sequence[Completion]) -> Opinion | Silence:
        position = None if place is None else self._steps[place].position
        try:
            reading = self._reading(completions)
        except Unread as reason:
            return Silence(position, str(reason))
        raw = {int(score): p for score, p in reading.probabilities.items()}
        settings = self._settings
        used = sharpened(raw, settings.temperature_scale) if settings.method == "trust" else raw
        value = mean_score(used)
        return Opinion(
            position,
            self._scale.nearest(value),
            self._scale.score_at(value),
            self._scale.binned(used),
            evidence={**self._evidence(raw, value), **reading.evidence()},
        )

    def _reading(self, completions: Sequence[Completion]) -> ChoiceReading:
        reading = read_choices(completions, self._numbers())
        if reading.source == "tokens" and self._settings.high > LAST_SINGLE_TOKEN:
            raise Unread(
                f"this backend reads single tokens, and scores above {LAST_SINGLE_TOKEN} are several"
            )
        require_mass(reading, self._settings.min_mass)
        return reading

    def _evidence(self, raw: Mapping[int, float], value: float) -> dict[str, Any]:
        depth = split(raw)
        return {
            "mean": round(value, 6),
            "variance": round(variance(raw), 6),
            "split": round(depth, 6),
            "is_split": depth >= self._settings.split_from,
            "scale": [self._settings.low, self._settings.high],
            "method": self._settings.method,
        }

    def _numbers(self) -> tuple[str, ...]:
        return tuple(str(score) for score in range(self._settings.low, self._settings.high + 1))

    def _anchors(self) -> list[str]:
        """Levels as landmarks, lowest first."""
        ordered = sorted(self._levels, key=lambda level: self._scale.places[level.key])
        notes = [f": {level.description}" if level.description else "" for level in ordered]
        return [
            f"- around {self._scale.places[level.key]:.3g} means {level.title}{note}"
            for level, note in zip(ordered, notes, strict=True)
        ]


STRATEGY = StrategyEntry(
    "judge/graded",
    "judge",
    "Judge by a finer score",
    GradedSettings,
    judge_graded,
    summary="Asks for a score from 1 to 9 and takes the mean over the score's probabilities.",
)
