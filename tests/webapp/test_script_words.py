from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from webapp.bundles import BUNDLES, bundle
from webapp.script_words import _forms, catalogue_for, words_in


def test_the_words_of_a_script_are_its_calls() -> None:
    script = 'say(gettext("One \\"word\\"", { n })); ngettext(\n  "{n} step",\n  "{n} steps", n); notgettext("no");'
    assert list(words_in(script)) == [('One "word"', ""), ("{n} step", "{n} steps")]


@pytest.mark.parametrize("entry", BUNDLES.values())
def test_a_page_brings_every_word_of_its_script_and_english_pages_bring_none(entry: str) -> None:
    assert catalogue_for(entry, "en") == {}
    german = catalogue_for(entry, "de")
    script = bundle(Path(settings.STATICFILES_DIRS[0]) / entry)
    assert set(german) == {singular for singular, _ in words_in(script)}
    assert german["Step {n} of {all}" if "labelling" in entry else "{open} of {all} to decide"] in (
        "Schritt {n} von {all}",
        "{open} von {all} zu entscheiden",
    )


def test_plurals_come_as_two_forms_or_with_the_numbers_they_go_with(monkeypatch: Any) -> None:
    with translation.override("de"):
        assert _forms("{n} step", "{n} steps") == ["{n} Schritt", "{n} Schritte"]

    def polish(one: str, many: str, n: int) -> str:
        if n == 1:
            return "krok"
        return "kroki" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "kroków"

    monkeypatch.setattr(translation, "ngettext", polish)
    found: Any = _forms("step", "steps")
    assert found["forms"] == ["kroków", "krok", "kroki"]
    said = [found["forms"][int(found["of"][n])] for n in (0, 1, 2, 5, 12, 22, 112, 199)]
    assert said == ["kroków", "krok", "kroki", "kroków", "kroków", "kroki", "kroków", "kroków"]
    assert len(found["of"]) == 200
