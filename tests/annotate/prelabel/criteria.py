"""Rubrics and pairs for the judges that ask about levels, and the answers of a model that tells probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping

from annotate.prelabel.contracts import (
    ChoiceSource,
    Completion,
    CriterionTask,
    LevelTask,
    PairTask,
)

VERDICT = CriterionTask(
    "verdict",
    "Verdict",
    "Is this step right?",
    levels=(
        LevelTask("good", "Good", "Correct.", 1.0),
        LevelTask("neutral", "Neutral", "No progress.", 0.0),
        LevelTask("bad", "Bad", "Wrong.", -1.0),
        LevelTask("unsure", "Unsure", "You cannot tell.", None),
    ),
)


def scale(
    key: str, *, scope: str = "step", weight: float = 1.0, scores: tuple[float, ...] = (0.0, 1.0)
) -> CriterionTask:
    """A criterion with one level per score: ``l0`` is the first of them."""
    levels = tuple(
        LevelTask(f"l{number}", f"Level {number}", "", score) for number, score in enumerate(scores)
    )
    return CriterionTask(key, key.title(), f"About {key}.", scope, "ordinal", weight, levels)


DIMENSIONS = tuple(scale(key) for key in ("confidence", "relevance", "coherence"))

PREFERENCE = CriterionTask(
    "preference",
    "Preference",
    "Which is better?",
    scope="pair",
    kind="choice",
    levels=(
        LevelTask("left", "Left", "", 1.0),
        LevelTask("right", "Right", "", -1.0),
        LevelTask("tie", "Tie", "", 0.0),
    ),
)


def pair(left: str, right: str, *, criterion: CriterionTask = PREFERENCE) -> PairTask:
    return PairTask("Ann has 3 apples.", left, right, prefix="She buys 2.\n", criterion=criterion)


def told(probabilities: Mapping[str, float], source: ChoiceSource = "tokens") -> Completion:
    """What a backend sends that can tell how probable each choice is."""
    logs = {choice: math.log(p) for choice, p in probabilities.items()}
    return Completion("", "stop", choices=logs, choice_source=source)
