from __future__ import annotations

import pytest

from webapp.templatetags.rates import rate_words, risk_words, share_words


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (0.0091, 0.0052, 0.0158, "0.9\xa0%"),
        (0.003, 0.0, 0.04, "0.3\xa0%"),
        (0.0, 0.0, 0.04, "0\xa0%"),
        (0.46, 0.22, 0.73, "46\xa0%"),
        (0.00001, None, None, "<\xa00.01\xa0%"),
        (None, None, None, "–"),
    ],
)
def test_a_share_has_the_digits_its_interval_supports_and_is_never_told_as_nothing(value, low, high, told):
    assert share_words(value, low, high) == told


def test_a_rate_comes_with_its_interval_or_says_that_it_is_not_known():
    assert rate_words({"value": 0.12, "low": 0.1, "high": 0.14}) == "12\xa0% (10–14\xa0%)"
    assert rate_words({"value": None, "low": None, "high": None}) == "not known"


def test_risks_are_told_to_three_digits():
    assert [risk_words(one) for one in (0.0002, 0.05, 0.135966)] == ["0.02\xa0%", "5\xa0%", "13.6\xa0%"]
