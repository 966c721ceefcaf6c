from __future__ import annotations

from typing import Any

import pytest

from annotate.models import Measure
from webapp.templatetags.ruler import flag_words, levels, logits, rate, signed, sparkline, warning_words
from webapp.templatetags.scale import level_uses, question_words


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ({"code": "few", "n": 2}, "Not enough overlap to say"),
        ({"code": "fine"}, "Nothing stands out"),
        (
            {"code": "stricter", "by": 0.5, "how": "consistent"},
            "Stricter than most by half a level, consistent",
        ),
        ({"code": "milder", "by": 1.2, "how": "erratic"}, "Milder than most by 1.2 levels, but erratic"),
        ({"code": "stricter", "by": 1.0, "how": ""}, "Stricter than most by 1 level"),
        ({"code": "random", "question": "Verdict"}, "Answers look random on verdict"),
        ({"code": "random"}, "Answers look random"),
        ({"code": "one_category", "by": 0.97}, "Gives the same answer 97% of the time"),
        ({"code": "became_stricter", "by": 0.3}, "Has become stricter by a quarter of a level"),
        ({"code": "stricter_on", "question": "Verdict", "by": 0.4}, "Stricter on verdict by 0.4 levels"),
        ({"code": "halo", "by": 0.4}, "Answers about a step are alike whatever is asked"),
        ({"code": "predictable"}, "More predictable than people are"),
    ],
)
def test_flags_are_sentences(flag: dict[str, Any], said: str) -> None:
    assert flag_words(flag) == said


def test_numbers_have_the_digits_their_interval_supports() -> None:
    assert logits(Measure(severity=-0.512, se=0.12)) == "−0.5 (−0.7 to −0.3)"
    assert logits(Measure(severity=0.5123, se=0.012)) == "0.51 (0.49 to 0.54)"
    assert logits(Measure(severity=-0.001, se=0.12)) == "0.0 (−0.2 to 0.2)"
    assert logits(Measure(reason="Nobody knows.")) == "Nobody knows."
    assert rate(None) == "–"
    assert rate({"n": 4, "value": 0.5, "low": None, "high": None}) == "0.50"
    assert [signed(value) for value in (0.126, -0.126, 0.001, None)] == ["+0.13", "−0.13", "0.00", "–"]
    assert [levels(amount) for amount in (0.05, 0.25, 0.5, 2.04)] == [
        "0.05 levels",
        "a quarter of a level",
        "half a level",
        "2 levels",
    ]


def test_a_line_over_time_needs_two_points() -> None:
    drift = [{"severity": 0.1, "smooth": 0.1, "se": 0.1}, {"severity": 0.3, "smooth": 0.5, "se": 0.1}]
    assert sparkline(Measure(severity=0.2, detail={"drift": drift[:1]})) == "–"
    # Up is stricter.
    assert 'd="M3.0 12.8L87.0 5.6"' in sparkline(Measure(severity=0.2, detail={"drift": drift}))


def test_warnings_are_sentences() -> None:
    assert "2 groups that share no step" in warning_words(
        {"code": "apart", "facets": ["item", "rater"], "n": 2}
    )
    assert "rests on assumptions" in warning_words({"code": "apart", "facets": ["item", "criterion"], "n": 2})
    assert "did not settle (slow)" in warning_words({"code": "unfinished", "message": "slow"})


QUESTION: dict[str, Any] = {
    "levels": ["Bad", "Neutral", "Good"],
    "counts": [40, 20, 40],
    "mean_item": [-1.0, 0.0, 1.0],
    "thresholds": [{"upper": 1, "measure": -0.5}, {"upper": 2, "measure": 0.5}],
    "follows": 0.6,
    "infit": 1.0,
    "infit_z": 0.0,
}


def test_a_question_that_works_has_nothing_to_say() -> None:
    assert question_words(QUESTION, [QUESTION]) == []
    assert [(use.n, use.share, use.threshold) for use in level_uses(QUESTION)] == [
        (40, 0.4, None),
        (20, 0.2, -0.5),
        (40, 0.4, 0.5),
    ]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"counts": [1, 1, 98]}, "Nearly every answer is the same"),
        ({"follows": 0.1}, "go with the steps much less"),
        ({"mean_item": [-1.0, 0.5, 0.2]}, "not used in order"),
        (
            {"thresholds": [{"upper": 1, "measure": 0.5}, {"upper": 2, "measure": -0.5}]},
            "nowhere the likeliest",
        ),
        ({"infit": 1.5, "infit_z": 4.0}, "noisier"),
    ],
)
def test_what_is_odd_about_a_question_is_said(odd: dict[str, Any], said: str) -> None:
    [sentence] = question_words(QUESTION | odd, [QUESTION | odd, QUESTION, QUESTION])
    assert said in sentence
