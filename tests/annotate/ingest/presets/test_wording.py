from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import translation

from annotate.ingest.presets import GALLERY, RubricPreset, in_language
from annotate.ingest.rubric_rules import problems_in


def without_words(preset: RubricPreset) -> RubricPreset:
    return replace(
        preset,
        title="",
        guidelines="",
        criteria=[
            replace(
                one,
                title="",
                description="",
                levels=[replace(level, title="", description="", examples="") for level in one.levels],
            )
            for one in preset.criteria
        ],
    )


@pytest.mark.parametrize("preset", GALLERY.values(), ids=GALLERY)
def test_another_language_changes_words_alone_and_the_rubric_still_holds(preset: RubricPreset) -> None:
    with translation.override("fr"):
        german = in_language(preset, "de")
        assert translation.get_language() == "fr"
    assert without_words(german) == without_words(preset)
    assert german.criteria[0].title != preset.criteria[0].title
    assert problems_in(german.criteria) == []
    assert in_language(preset, "en") == replace(preset, criteria=tuple(preset.criteria))


def test_one_english_word_may_be_two_in_german() -> None:
    levels = {
        one.key: {level.key: level.title for level in one.levels}
        for key in ("next-step", "prm800k")
        for one in in_language(GALLERY[key], "de").criteria
    }
    assert levels["preference"]["right"] == "Rechts"
    assert levels["critique-rating"]["right"] == "Richtig"
