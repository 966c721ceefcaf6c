"""Questions and levels that several presets are made of."""

from __future__ import annotations

from dataclasses import replace

from annotate.enums import CriterionKind, Scope

from .contracts import CriterionPreset, LevelPreset

VERDICTS = (
    LevelPreset("good", "Good", "Correct, and it helps.", "1", 1.0),
    LevelPreset("neutral", "Neutral", "Not wrong, but no progress.", "2", 0.0),
    LevelPreset("bad", "Bad", "Wrong, or it rests on something wrong.", "3", -1.0),
    LevelPreset("unsure", "Unsure", "You cannot tell.", "4", None),
)
VERDICT = CriterionPreset(
    key="verdict",
    title="Verdict",
    description="Is this step right, given the steps before it?",
    levels=VERDICTS,
)
# *Correct* and *recoverable* are two questions: a wrong step may still be repaired, and only rollouts can say so.
RECOVERABLE = CriterionPreset(
    key="recoverable",
    title="Recoverable",
    description="Can the model still reach the right answer from here?",
    levels=(
        LevelPreset("good", "Recoverable", "At least one completion got there.", score=1.0),
        LevelPreset("bad", "Lost", "No completion got there.", score=0.0),
    ),
    kind=CriterionKind.BINARY,
    is_asked=False,
)
PREFERENCE = CriterionPreset(
    key="preference",
    title="Preference",
    description="Which of the two is better?",
    levels=(
        LevelPreset("left", "Left", "The left one is better.", "", 1.0),
        LevelPreset("tie", "Tie", "Neither is better.", "", 0.0),
        LevelPreset("right", "Right", "The right one is better.", "", -1.0),
    ),
    scope=Scope.PAIR,
    kind=CriterionKind.ORDINAL,
    is_asked=False,
)
# The same question put to people, with keys, and with a way to say that one cannot tell.
PREFERENCE_OF_PEOPLE = replace(
    PREFERENCE,
    levels=(
        LevelPreset("left", "Left", "The left one is better.", "1", 1.0),
        LevelPreset("tie", "Neither", "There is no difference that matters.", "2", 0.0),
        LevelPreset("right", "Right", "The right one is better.", "3", -1.0),
        LevelPreset("unsure", "Unsure", "You cannot tell.", "4", None),
    ),
    is_asked=True,
)
