"""PAV against a published example, Platt against its own loss, scores against hand counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotate.errors import Rejected
from annotate.stats.calibration import (
    brier_score,
    calibration_error,
    fit_isotonic,
    fit_platt,
    folds_of,
    reliability,
    score_interval,
)

FORECASTS = st.lists(st.sampled_from([i / 16 for i in range(17)]), min_size=1, max_size=40)


def rows(forecasts: list[float], data: st.DataObject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(forecasts)
    outcome = data.draw(arrays(float, n, elements=st.sampled_from([0.0, 1.0])))
    weight = data.draw(arrays(float, n, elements=st.sampled_from([0.5, 1.0, 3.0])))
    return np.array(forecasts), outcome, weight


def test_pav_pools_as_in_the_worked_example() -> None:
    # scikit-learn 1.7, sklearn/tests/test_isotonic.py: y = 3, 7, 5, 9, 8, 7, 10 becomes 3, 6, 6, 8, 8, 8, 10.
    x = np.arange(7) / 10
    curve = fit_isotonic(x, np.array([3, 7, 5, 9, 8, 7, 10]) / 10)
    assert curve(x).tolist() == pytest.approx([0.3, 0.6, 0.6, 0.8, 0.8, 0.8, 1.0])


def test_pav_weighs_and_takes_equal_forecasts_together() -> None:
    # At 0.2: (1*3 + 0*1) / 4 = 0.75; with 0 of weight 2 at 0.6 pooled to 3/6; then 1.
    curve = fit_isotonic(
        np.array([0.2, 0.2, 0.6, 0.9]), np.array([1.0, 0.0, 0.0, 1.0]), np.array([3.0, 1.0, 2.0, 1.0])
    )
    assert curve(np.array([0.0, 0.2, 0.4, 0.6, 0.75, 0.9, 1.0])).tolist() == pytest.approx(
        [0.5, 0.5, 0.5, 0.5, 0.75, 1.0, 1.0]
    )


@given(FORECASTS, st.data())
def test_pav_rises_keeps_the_mean_and_changes_nothing_the_second_time(forecasts, data) -> None:
    x, y, w = rows(forecasts, data)
    fitted = fit_isotonic(x, y, w)(x)
    order = np.argsort(x, kind="stable")
    assert (np.diff(fitted[order]) >= -1e-12).all()
    assert w @ fitted == pytest.approx(w @ y)
    assert fit_isotonic(x, fitted, w)(x) == pytest.approx(fitted)
    shuffled = data.draw(st.permutations(range(len(x))))
    again = fit_isotonic(x[shuffled], y[shuffled], w[shuffled])
    assert again(x) == pytest.approx(fitted)


@given(FORECASTS, st.data())
def test_pav_beats_every_constant_and_the_forecast_itself(forecasts, data) -> None:
    x, y, w = rows(forecasts, data)
    best = brier_score(fit_isotonic(x, y, w)(x), y, w)
    assert best <= brier_score(x, y, w) + 1e-12
    assert best <= brier_score(np.full_like(x, np.average(y, weights=w)), y, w) + 1e-12


def test_platt_is_where_its_convex_loss_is_flat() -> None:
    rng = np.random.default_rng(11)
    x = rng.uniform(0.02, 0.98, 400)
    y = (rng.uniform(size=400) < x**2).astype(float)
    curve = fit_platt(x, y)
    target = np.where(y > 0, (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2))

    def loss(at: np.ndarray) -> float:
        z = at[0] * np.log(x / (1 - x)) + at[1]
        return float((np.logaddexp(0, z) - target * z).sum())

    at = np.array([curve.slope, curve.intercept])
    for axis in np.eye(2) * 1e-4:
        assert (loss(at + axis) - loss(at - axis)) / 2e-4 == pytest.approx(0.0, abs=1e-4)
    assert loss(at) < min(loss(at + step) for step in rng.normal(size=(500, 2)))


def test_platt_recovers_the_curve_the_outcomes_were_drawn_from() -> None:
    rng = np.random.default_rng(12)
    x = rng.uniform(0.01, 0.99, 40_000)
    p = 1 / (1 + np.exp(-(0.4 * np.log(x / (1 - x)) - 1.0)))
    curve = fit_platt(x, (rng.uniform(size=len(x)) < p).astype(float))
    assert (curve.slope, curve.intercept) == pytest.approx((0.4, -1.0), abs=0.05)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),  # separable
        ([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1]),  # separable, and no logits
        ([0.3, 0.6, 0.9], [1, 1, 1]),  # one outcome only
        ([0.5, 0.5], [0, 1]),  # nothing to tell them apart
        ([0.7], [0]),
    ],
)
def test_platt_stays_finite_and_inside(x: list[float], y: list[int]) -> None:
    curve = fit_platt(np.array(x), np.array(y, dtype=float))
    assert np.isfinite([curve.slope, curve.intercept]).all()
    fitted = curve(np.array([0.0, 0.5, 1.0]))
    assert ((fitted > 0) & (fitted < 1)).all()


@given(FORECASTS, st.data())
def test_platt_keeps_the_order_or_turns_all_of_it_round(forecasts, data) -> None:
    x, y, w = rows(forecasts, data)
    curve = fit_platt(x, y, w)
    steps = np.diff(curve(np.linspace(0, 1, 21)))
    assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


def test_brier_by_hand() -> None:
    # (0.1² + 0.4² + 0.8²) / 3, and with the last row twice as heavy (0.01 + 0.16 + 2 * 0.64) / 4.
    x, y = np.array([0.9, 0.4, 0.8]), np.array([1.0, 0.0, 0.0])
    assert brier_score(x, y) == pytest.approx(0.81 / 3)
    assert brier_score(x, y, np.array([1.0, 1.0, 2.0])) == pytest.approx(1.45 / 4)


def test_calibration_error_by_hand() -> None:
    # Two bins of two: |0.15 - 0.5| and |0.85 - 0.5|, half of the mass each.
    x, y = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 1.0, 1.0, 0.0])
    assert calibration_error(x, y, bins=2) == pytest.approx(0.35)
    assert [(one.forecast, one.outcome, one.mass) for one in reliability(x, y, bins=2)] == [
        (pytest.approx(0.15), 0.5, 2.0),
        (pytest.approx(0.85), 0.5, 2.0),
    ]


@given(FORECASTS, st.data(), st.integers(1, 12))
def test_bins_hold_everything_once_and_equal_forecasts_share_one(forecasts, data, bins) -> None:
    x, y, w = rows(forecasts, data)
    found = reliability(x, y, w, bins=bins)
    assert 1 <= len(found) <= min(bins, len(set(forecasts)))
    assert sum(one.mass for one in found) == pytest.approx(w.sum())
    assert [one.forecast for one in found] == sorted(one.forecast for one in found)
    assert 0 <= calibration_error(x, y, w, bins=bins) <= 1


def test_counts_as_weights_equal_repeated_rows() -> None:
    x, y, w = np.array([0.2, 0.5, 0.7]), np.array([0.0, 1.0, 1.0]), np.array([1.0, 3.0, 2.0])
    repeated = np.repeat(x, w.astype(int)), np.repeat(y, w.astype(int))
    assert calibration_error(x, y, w) == pytest.approx(calibration_error(*repeated))
    assert brier_score(x, y, w) == pytest.approx(brier_score(*repeated))
    assert fit_platt(x, y, w).slope == pytest.approx(fit_platt(*repeated).slope, abs=1e-6)


def test_a_true_forecast_has_next_to_no_error_and_a_bold_one_is_mended() -> None:
    rng = np.random.default_rng(13)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=len(p)) < p).astype(float)
    bold = 1 / (1 + np.exp(-3 * np.log(p / (1 - p))))
    assert calibration_error(p, y) < 0.015
    assert calibration_error(bold, y) > 0.1
    for fit in (fit_isotonic, fit_platt):
        assert calibration_error(fit(bold[::2], y[::2])(bold[1::2]), y[1::2]) < 0.02


def test_the_interval_draws_traces_not_steps() -> None:
    rng = np.random.default_rng(14)
    x, y = np.full(200, 0.5), np.repeat(rng.integers(0, 2, 20), 10).astype(float)
    by_trace = score_interval(calibration_error, x, y, np.repeat(np.arange(20), 10).tolist(), seed=1)
    by_step = score_interval(calibration_error, x, y, list(range(200)), seed=1)
    assert by_trace.n_clusters == 20
    assert by_trace.high - by_trace.low > 1.5 * (by_step.high - by_step.low)
    assert score_interval(brier_score, x, y, [0] * 200, seed=1).reason


def test_folds_keep_clusters_together_and_use_all_folds() -> None:
    folds = folds_of(["a", "a", "b", "c", "b", "d"], 3)
    assert folds.tolist() == [0, 0, 1, 2, 1, 0]


@pytest.mark.parametrize(
    ("forecast", "outcome", "weight", "field"),
    [
        ([], [], None, "forecast"),
        ([0.5], [1.0, 0.0], None, "forecast"),
        ([1.5], [1.0], None, "forecast"),
        ([float("nan")], [1.0], None, "forecast"),
        ([0.5], [2.0], None, "outcome"),
        ([0.5], [1.0], [-1.0], "weight"),
        ([0.5], [1.0], [0.0], "weight"),
    ],
)
def test_what_is_no_forecast_is_refused(forecast, outcome, weight, field) -> None:
    w = None if weight is None else np.array(weight)
    for ask in (fit_isotonic, fit_platt, brier_score, calibration_error):
        with pytest.raises(Rejected) as refusal:
            ask(np.array(forecast), np.array(outcome), w)
        assert refusal.value.field == field


def test_platt_takes_no_shares_for_outcomes() -> None:
    with pytest.raises(Rejected) as refusal:
        fit_platt(np.array([0.5]), np.array([0.5]))
    assert refusal.value.field == "outcome"
