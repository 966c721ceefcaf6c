from __future__ import annotations

import pytest

from annotate.models import Estimate
from webapp.templatetags.figures import duration, hours_in_words, interval, pace_in_words, share, whisker


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.7183, 0.66, 0.78, "0.72 (0.66–0.78)"),
        (0.5, 0.1, 0.9, "0.5 (0.1–0.9)"),
        (0.92612, 0.9052, 0.9511, "0.93 (0.91–0.95)"),
        (0.92612, 0.9252, 0.9271, "0.926 (0.925–0.927)"),
        (-0.02, -0.1, 0.06, "−0.02 (−0.10–0.06)"),
        (0.25, None, None, "0.25"),
    ],
)
def test_an_interval_has_the_digits_it_supports(
    value: float, low: float | None, high: float | None, shown: str
) -> None:
    assert interval(Estimate(value=value, low=low, high=high)) == shown


def test_no_value_shows_the_reason_and_no_whisker() -> None:
    estimate = Estimate(value=None, reason="Not enough overlap to say.")
    assert interval(estimate) == "Not enough overlap to say."
    assert whisker(estimate) == ""


def test_a_whisker_stays_on_its_axis() -> None:
    drawn = whisker(Estimate(value=-0.2, low=-0.5, high=0.25))
    assert "M0.0 8H30.0" in drawn
    assert 'cx="0.0"' in drawn


@pytest.mark.parametrize(
    ("part", "whole", "percent"), [(0, 5, 0), (1, 1000, 1), (999, 1000, 99), (5, 5, 100), (1, 0, 0)]
)
def test_a_share_is_never_done_too_early(part: int, whole: int, percent: int) -> None:
    assert share(part, whole) == percent


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, ""), (40.4, "40 s"), (185, "3 min"), (7500, "2 h 5 min")]
)
def test_a_duration_is_short(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("per_hour", "said"),
    [
        (12.4, "12 readings an hour"),
        (1.0, "1 reading an hour"),
        (2.25, "2.2 readings an hour"),
        (0.065, "1.6 readings a day"),
    ],
)
def test_a_slow_pace_is_said_by_the_day(per_hour: float, said: str) -> None:
    assert pace_in_words(per_hour) == said


@pytest.mark.parametrize(
    ("hours", "said"), [(1, "an hour"), (2.5, "2.5 hours"), (30.4, "30 hours"), (1649.5, "69 days")]
)
def test_a_time_left_is_no_more_exact_than_an_estimate(hours: float, said: str) -> None:
    assert hours_in_words(hours) == said
