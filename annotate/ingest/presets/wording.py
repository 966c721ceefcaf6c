"""The gallery's rubrics in another language: what is copied into a project is its own from then on.

Keys, hotkeys and scores are the same in every language, so that labels and exports can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils import translation

from .contracts import CriterionPreset, LevelPreset, RubricPreset

# Guidelines and questions of all presets; a level's words go by its question, because "Right" is two words elsewhere.
RUBRIC = "rubric"


def in_language(preset: RubricPreset, language: str) -> RubricPreset:
    """The preset with every text that the catalogue of ``language`` has; the others stay English."""
    with translation.override(language):
        return replace(
            preset,
            title=_said("", preset.title),
            criteria=tuple(_criterion(one) for one in preset.criteria),
            guidelines=_said(RUBRIC, preset.guidelines),
        )


def texts_of(preset: RubricPreset) -> Iterator[tuple[str, str]]:
    """(context, text) of whatever :func:`in_language` translates, and of what the gallery shows."""
    yield "", preset.title
    yield "", preset.description
    yield RUBRIC, preset.guidelines
    for one in preset.criteria:
        yield RUBRIC, one.title
        yield RUBRIC, one.description
        for level in one.levels:
            yield one.key, level.title
            yield one.key, level.description
            yield one.key, level.examples


def _criterion(one: CriterionPreset) -> CriterionPreset:
    return replace(
        one,
        title=_said(RUBRIC, one.title),
        description=_said(RUBRIC, one.description),
        levels=tuple(_level(level, one.key) for level in one.levels),
    )


def _level(level: LevelPreset, context: str) -> LevelPreset:
    return replace(
        level,
        title=_said(context, level.title),
        description=_said(context, level.description),
        examples=_said(context, level.examples),
    )


def _said(context: str, text: str) -> str:
    if not text:
        return ""
    return translation.pgettext(context, text) if context else translation.gettext(text)
