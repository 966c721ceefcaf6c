"""What a judge said, brought to three tones, so that judges with different scales answer the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotate.prelabel.contracts import CriterionTask, Finding, TraceTask

RIGHT, BETWEEN, WRONG = 1, 0, -1
NO_ERROR = -1
# The judge spoke of the whole trace only: there is an error, and no place for it.
SOMEWHERE = -2


@dataclass(frozen=True, slots=True)
class Scale:
    """Which level keys mean right and which mean wrong.

    A judge's settings ``good`` and ``bad`` decide; for other levels their place on the criterion's number line does:
    above the middle is right, below it wrong, on it between. A level off the line (*unsure*) has no tone.
    """

    tones: Mapping[str, int]

    def tone(self, value: str) -> int | None:
        return self.tones.get(value)


def scale_of(criterion: CriterionTask | None, settings: Mapping[str, Any]) -> Scale:
    scores = {level.key: level.score for level in criterion.levels} if criterion else {}
    placed = [score for score in scores.values() if score is not None]
    middle = (max(placed) + min(placed)) / 2 if placed else 0.0
    tones = {key: (score > middle) - (score < middle) for key, score in scores.items() if score is not None}
    good, bad = str(settings.get("good", "good")), str(settings.get("bad", "bad"))
    if good in scores or bad in scores or not scores:
        tones |= {good: RIGHT, bad: WRONG}
    return Scale(tones)


@dataclass(frozen=True, slots=True)
class Reading:
    """Tones by step position; ``whole`` is that of a verdict on the whole trace.

    ``reasons`` holds why there is no tone at a place (None: the trace).
    """

    tones: Mapping[int, int] = field(default_factory=dict)
    whole: int | None = None
    reasons: Mapping[int | None, str] = field(default_factory=dict)

    def first_error(self, positions: Sequence[int]) -> int | None:
        """The first of ``positions`` called wrong, ``NO_ERROR``, ``SOMEWHERE``, or None when that is open."""
        if not self.tones:
            return None if self.whole in (None, BETWEEN) else NO_ERROR if self.whole == RIGHT else SOMEWHERE
        for position in positions:
            tone = self.tones.get(position)
            if tone is None:
                return None
            if tone == WRONG:
                return position
        return NO_ERROR

    def why_open(self, position: int | None = None) -> str:
        """Why there is no verdict, as the judge put it."""
        said = self.reasons.get(position) or self.reasons.get(None) or next(iter(self.reasons.values()), "")
        return said or "no verdict"


def read(finding: Finding, scale: Scale) -> Reading:
    """Opinions on the audited criterion as tones; what has no tone is open, with its level as the reason."""
    tones: dict[int, int] = {}
    reasons: dict[int | None, str] = {silence.position: silence.reason for silence in finding.silences}
    whole: int | None = None
    for opinion in finding.opinions:
        if opinion.criterion:
            continue
        tone = scale.tone(opinion.value)
        if tone is None:
            reasons[opinion.position] = f"the judge said {opinion.value}"
        elif opinion.position is None:
            whole = tone
        else:
            tones[opinion.position] = tone
    return Reading(tones, whole, reasons)


def own_positions(task: TraceTask) -> tuple[int, ...]:
    """Positions of the steps the model wrote: what the environment answered is judged by nobody."""
    return tuple(step.position for step in task.steps if step.kind != "observation")


def spoken(first_error: int | None) -> str:
    """A place of the first error in words, steps counted from 1."""
    if first_error is None:
        return "open"
    if first_error == NO_ERROR:
        return "no error"
    return "an error somewhere" if first_error == SOMEWHERE else f"first error at step {first_error + 1}"
