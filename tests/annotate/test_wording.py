from __future__ import annotations

import pytest
from django.utils import translation

from annotate.enums import Role
from annotate.wording import figure, mid, pause_code, pause_words, percent


@pytest.mark.parametrize(
    ("language", "title", "number", "share"),
    [("en", "owner", "12,345.60", "80%"), ("de", "Eigentümer", "12.345,60", "80 %")],
)
def test_words_and_figures_are_written_as_the_language_does(
    language: str, title: str, number: str, share: str
) -> None:
    with translation.override(language):
        assert mid(Role.OWNER.label) == title
        assert figure(f"{12345.6:,.2f}") == number
        assert percent(0.8) == share


@pytest.mark.parametrize(
    ("language", "accuracy", "pace"),
    [
        (
            "en",
            "33% right in the last 3 readings with a known answer; the project asks for 60%",
            "a median of 1.3 seconds per step in the last 12 traces; the project asks for 2.5",
        ),
        (
            "de",
            "33 % richtig in den letzten 3 Lesungen mit bekannter Antwort; das Projekt verlangt 60 %",
            "im Median 1,3 Sekunden je Schritt in den letzten 12 Traces; das Projekt verlangt 2,5",
        ),
    ],
)
def test_a_pause_by_a_rule_is_said_in_the_readers_language(language: str, accuracy: str, pace: str) -> None:
    """However it was written down, by a process that spoke another."""
    with translation.override(language):
        assert pause_words(pause_code("accuracy", found=1 / 3, of=3, asked=0.6)) == accuracy
        assert pause_words(pause_code("pace", found=1.25001, of=12, asked=2.5)) == pace
        assert pause_words(pause_code("pace", found=0.0000004, of=3, asked=1e9)).count(";") == 1


@pytest.mark.parametrize("reason", ["", "Take a rest.", "rule: accuracy", "rule:accuracy:x:1:2"])
def test_a_persons_words_about_a_pause_stay_theirs(reason: str) -> None:
    assert pause_words(reason) == reason
