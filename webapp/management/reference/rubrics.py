"""Every rubric that works as it stands, with what it asks."""

from __future__ import annotations

from annotate.ingest.presets import GALLERY, CriterionPreset, RubricPreset

from .markdown import code, page, table
from .said import Undescribed

LEAD = (
    "What a new project can ask as it stands (`--rubric NAME`, or the gallery of the page). "
    "[Rubrics](../rubrics.md) says how to change one and write your own."
)


def written() -> str:
    return page("Rubrics", LEAD, *(_section(preset) for preset in GALLERY.values()))


def _section(preset: RubricPreset) -> str:
    if not preset.description:
        raise Undescribed(f"the rubric {preset.key} has no description")
    rows = [(code(one.key), *_about(one)) for one in preset.criteria]
    asked = table(("Question", "What it asks", "About", "Answers"), rows)
    return f"## {preset.key}\n\n**{preset.title}.** {preset.description}\n\n{asked}"


def _about(one: CriterionPreset) -> tuple[str, str, str]:
    if not one.title:
        raise Undescribed(f"the question {one.key} has no title")
    levels = ", ".join(
        code(level.key) + (f" (key {code(level.hotkey)})" if level.hotkey else "") for level in one.levels
    )
    said = f"**{one.title}.** {one.description}" if one.description else f"**{one.title}.**"
    if not one.is_asked:
        said += " People are not asked."
    return said, one.scope.value, levels or one.kind.value
