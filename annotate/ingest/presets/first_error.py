"""Find the earliest wrong step; one key answers the steps before it."""

from __future__ import annotations

from dataclasses import replace

from .contracts import LevelPreset, RubricPreset
from .parts import RECOVERABLE, VERDICT

PRESET = RubricPreset(
    key="first-error",
    title="First error",
    description="Where does it first go wrong? Marking the error answers the open steps before it, and ends the trace.",
    criteria=(
        replace(
            VERDICT,
            title="First error",
            description="Is this step still right?",
            levels=(
                LevelPreset("good", "Right", "Correct, given the steps before it.", "1", 1.0),
                LevelPreset("bad", "First error", "The earliest step that is wrong.", "2", -1.0),
                LevelPreset("unsure", "Unsure", "You cannot tell.", "3", None),
            ),
            stops_at_first_error=True,
            fills_before_error=True,
        ),
        RECOVERABLE,
    ),
    guidelines="""Read until a step is wrong, mark that step, and submit. Steps before it that you left open count as
right and are stored as answered together with the error, not one by one. If no step is wrong, mark each as right.

A step that is clumsy or leads nowhere is not an error. A step that is right only because two mistakes cancel is one.
""",
)
