"""Questions that projects begin with, or take up as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotate.enums import CriterionKind, Scope

from .contracts import CriterionPreset, LevelPreset, RubricPreset

__all__ = [
    "DIMENSIONS",
    "PREFERENCE",
    "PRM_VERDICTS",
    "READY_MADE",
    "CriterionPreset",
    "LevelPreset",
    "RubricPreset",
    "ready_made_with",
]


# *Correct* and *recoverable* are two questions: a wrong step may still be repaired, and only rollouts can say so.
PRM_VERDICTS = (
    CriterionPreset(
        key="verdict",
        title="Verdict",
        description="Is this step right, given the steps before it?",
        levels=(
            LevelPreset("good", "Good", "Correct, and it helps.", "1", 1.0),
            LevelPreset("neutral", "Neutral", "Not wrong, but no progress.", "2", 0.0),
            LevelPreset("bad", "Bad", "Wrong, or it rests on something wrong.", "3", -1.0),
            LevelPreset("unsure", "Unsure", "You cannot tell.", "4", None),
        ),
    ),
    CriterionPreset(
        key="recoverable",
        title="Recoverable",
        description="Can the model still reach the right answer from here?",
        levels=(
            LevelPreset("good", "Recoverable", "At least one completion got there.", "", 1.0),
            LevelPreset("bad", "Lost", "No completion got there.", "", 0.0),
        ),
        kind=CriterionKind.BINARY,
        is_asked=False,
    ),
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
_DEGREES = (
    LevelPreset("yes", "Yes", "", "1", 1.0),
    LevelPreset("partly", "Partly", "", "2", 0.5),
    LevelPreset("no", "No", "", "3", 0.0),
)
# A step can be right and beside the point, or to the point and unfounded: three questions about each.
DIMENSIONS = tuple(
    CriterionPreset(key, key.capitalize(), question, _DEGREES, kind=CriterionKind.ORDINAL, is_asked=False)
    for key, question in (
        ("confidence", "Does the step claim no more certainty than what stands before it supports?"),
        ("relevance", "Does the step serve the question that was asked?"),
        ("coherence", "Does the step follow from what stands before it, without a gap or a contradiction?"),
    )
)
# By the name under which a project takes them up. They are put to machines; a rubric of one's own may ask people too.
READY_MADE: Mapping[str, Sequence[CriterionPreset]] = {"preference": (PREFERENCE,), "dimensions": DIMENSIONS}


def ready_made_with(key: str) -> str | None:
    """The name of the ready-made questions that hold the criterion of this key."""
    names = (name for name, presets in READY_MADE.items() if key in {preset.key for preset in presets})
    return next(names, None)
