from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.asking.score_scale import Scale, mean_score, sharpened, split, variance
from tests.annotate.prelabel.criteria import VERDICT, scale


def test_levels_lie_on_the_scale_by_their_scores() -> None:
    assert Scale(VERDICT.levels, 1, 9).places == {"good": 9.0, "neutral": 5.0, "bad": 1.0}
    uneven = Scale(scale("c", scores=(0, 1, 4)).levels, 1, 9)
    assert uneven.places == {"l0": 1.0, "l1": 3.0, "l2": 9.0}


@pytest.mark.parametrize(
    ("value", "level"), [(1, "bad"), (2.9, "bad"), (3.0, "bad"), (3.1, "neutral"), (7.1, "good")]
)
def test_nearest_level_is_the_lower_one_halfway(value: float, level: str) -> None:
    assert Scale(VERDICT.levels, 1, 9).nearest(value) == level


def test_probabilities_go_to_the_nearest_level_and_halves_to_both() -> None:
    shares = Scale(VERDICT.levels, 1, 9).binned({1: 0.2, 3: 0.4, 5: 0.1, 9: 0.3})
    assert shares == pytest.approx({"bad": 0.4, "neutral": 0.3, "good": 0.3})


def test_a_place_on_the_scale_reads_in_the_criterions_units() -> None:
    assert Scale(VERDICT.levels, 1, 9).score_at(7.0) == pytest.approx(0.5)


def test_log_odds_over_a_temperature_by_hand() -> None:
    # p = .6, .3, .1: odds 1.5, 3/7, 1/9; at T = 0.2 the odds are raised to the fifth power.
    weights = [1.5**5, (3 / 7) ** 5, (1 / 9) ** 5]
    expected = [weight / sum(weights) for weight in weights]
    assert list(sharpened({1: 0.6, 2: 0.3, 3: 0.1}, 0.2).values()) == pytest.approx(expected)


def test_certainty_stays_finite() -> None:
    assert sharpened({1: 1.0, 2: 0.0, 3: 0.0}, 0.2)[1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("row", "depth"),
    [
        ((1.0, 0.0, 0.0), 0.0),
        ((0.2, 0.6, 0.2), 0.0),
        ((0.5, 0.0, 0.5), 1.0),
        ((0.4, 0.2, 0.4), 0.4),
        ((0.1, 0.2, 0.3, 0.4), 0.0),
        ((0.3, 0.1, 0.1, 0.5), 0.4),
    ],
)
def test_depth_of_the_valley_between_two_peaks(row: tuple[float, ...], depth: float) -> None:
    assert split(dict(enumerate(row))) == pytest.approx(depth)


def test_mean_and_variance_of_two_ends() -> None:
    assert (mean_score({1: 0.5, 9: 0.5}), variance({1: 0.5, 9: 0.5})) == (5.0, 16.0)


@given(st.lists(st.floats(0.001, 1), min_size=9, max_size=9), st.floats(0.05, 5))
def test_sharpening_keeps_a_distribution_and_its_order(raw: list[float], temperature: float) -> None:
    p = {score: value / math.fsum(raw) for score, value in enumerate(raw, 1)}
    after = sharpened(p, temperature)
    assert math.fsum(after.values()) == pytest.approx(1.0)
    assert [after[score] for score in sorted(p, key=p.__getitem__)] == pytest.approx(sorted(after.values()))
    assert math.fsum(Scale(VERDICT.levels, 1, 9).binned(after).values()) == pytest.approx(1.0)
    assert 0 <= split(after) <= 1
