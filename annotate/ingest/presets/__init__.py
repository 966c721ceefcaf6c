"""Rubrics that work as they stand, one file each, and questions that a project's rubric can take up besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import (
    agent_process,
    checklist,
    first_error,
    math_errors,
    next_step,
    prm800k,
    prm800k_walk,
    prm_verdicts,
    three_dimensions,
)
from .contracts import CriterionPreset, LevelPreset, RubricPreset
from .parts import PREFERENCE
from .prm_verdicts import PRM_VERDICTS
from .three_dimensions import DIMENSIONS
from .wording import in_language, texts_of

__all__ = [
    "DIMENSIONS",
    "GALLERY",
    "PREFERENCE",
    "PRM_VERDICTS",
    "READY_MADE",
    "USUAL",
    "CriterionPreset",
    "LevelPreset",
    "RubricPreset",
    "in_language",
    "ready_made_with",
    "texts_of",
]

# In the order in which they are offered; the first is what a project begins with unless another is chosen.
GALLERY: Mapping[str, RubricPreset] = {
    module.PRESET.key: module.PRESET
    for module in (
        prm_verdicts,
        first_error,
        prm800k,
        prm800k_walk,
        math_errors,
        agent_process,
        three_dimensions,
        checklist,
        next_step,
    )
}
USUAL = prm_verdicts.PRESET.key

# By the name under which a project takes them up. They are put to machines; a rubric of one's own may ask people too.
READY_MADE: Mapping[str, Sequence[CriterionPreset]] = {"preference": (PREFERENCE,), "dimensions": DIMENSIONS}


def ready_made_with(key: str) -> str | None:
    """The name of the ready-made questions that hold the criterion of this key."""
    names = (name for name, presets in READY_MADE.items() if key in {preset.key for preset in presets})
    return next(names, None)
