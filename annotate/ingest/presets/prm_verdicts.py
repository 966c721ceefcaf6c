"""Every step by itself: good, neutral, bad or unsure."""

from __future__ import annotations

from .contracts import RubricPreset
from .parts import RECOVERABLE, VERDICT

PRM_VERDICTS = (VERDICT, RECOVERABLE)

PRESET = RubricPreset(
    key="prm-verdicts",
    title="PRM verdicts",
    description="Good, neutral, bad or unsure for every step, also after an error.",
    criteria=PRM_VERDICTS,
)
