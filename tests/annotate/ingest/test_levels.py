from __future__ import annotations

from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.ingest.levels import level_of


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (True, "good"),
        (False, "bad"),
        (1, "good"),
        (1.0, "good"),
        (-1, "bad"),
        ("Correct", "good"),
        (" incorrect ", "bad"),
        ("+", "good"),
        ("neutral", "neutral"),
        (None, None),
        ("", None),
    ],
)
def test_usual_words_of_a_verdict(value: Any, level: str | None) -> None:
    assert level_of(value, "verdict", {}, "v") == level


@pytest.mark.parametrize("value", [0, 0.0, "0", 2, 0.5, "perhaps", [], {}])
def test_what_stands_for_nothing_is_an_error_and_never_bad(value: Any) -> None:
    with pytest.raises(Rejected) as caught:
        level_of(value, "verdict", {}, "v")
    assert caught.value.field == "v"


def test_what_somebody_says_goes_first_and_other_questions_have_their_own_words() -> None:
    assert level_of(0, "verdict", {"0": "neutral"}, "v") == "neutral"
    assert level_of("Correct", "verdict", {"Correct": "neutral"}, "v") == "neutral"
    assert level_of(4, "quality", {}, "v") == "4"
    assert level_of("yes", "helpful", {}, "v") == "yes"
