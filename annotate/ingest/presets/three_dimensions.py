"""Confidence, relevance and coherence of each step: the questions of `judge/dimensions`, asked of people."""

from __future__ import annotations

from dataclasses import replace

from annotate.enums import CriterionKind

from .contracts import CriterionPreset, LevelPreset, RubricPreset

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

PRESET = RubricPreset(
    key="three-dimensions",
    title="Three dimensions",
    description="Confidence, relevance and coherence of every step, each by itself.",
    criteria=tuple(replace(one, is_asked=True) for one in DIMENSIONS),
    guidelines="""Answer each of the three as if the others did not exist.

A step can be true and beside the point (*relevance* no), to the point and unfounded (*confidence* no), or both true
and to the point without following from what stands before it (*coherence* no).
""",
)
