from __future__ import annotations

from math import comb

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.moments import expected_of, fourth_of, log_chance_of, moments, squares
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import drawn, three_facets

_SMALL = 1e-5


def mixed_table(*, seed: int = 3, thresholds_by: str | None = "criterion") -> Ratings:
    """Ratings and counts of trials, weighted, with a category that one criterion never gets."""
    rng = np.random.default_rng(seed)
    table = drawn(seed=seed, n_items=120, n_raters=5)
    counted = table.criterion == 2
    trials = np.where(counted, rng.integers(1, 9, len(table.value)), 0)
    value = np.where(counted, rng.binomial(trials, 0.6), table.value)
    value = np.where((table.criterion == 1) & (value == 1), 2, value)
    weight = rng.choice([0.0, 0.5, 1.0, 2.0], len(value))
    return three_facets(
        table.item,
        table.rater,
        table.criterion,
        value,
        trials=trials,
        weight=weight,
        thresholds_by=thresholds_by,
    )


def with_random_sums(steps: Steps, seed: int = 5) -> Steps:
    return steps.with_sums(np.random.default_rng(seed).normal(size=steps.sums.shape))


def places_of(ratings: Ratings, seed: int = 4) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 1.5, len(ratings))


@pytest.mark.parametrize("spread", [None, 0.8])
def test_moments_are_derivatives(path: str, spread: float | None) -> None:
    ratings = mixed_table()
    steps, eta = with_random_sums(Steps.of(ratings)), places_of(ratings)
    variance = None if spread is None else np.full(len(ratings), spread)
    found = moments(ratings, eta, steps, variance)
    up, down = (moments(ratings, eta + gap, steps, variance) for gap in (_SMALL, -_SMALL))
    slope = (up.log_likelihood - down.log_likelihood) / (2 * _SMALL)
    assert found.residual.sum() == pytest.approx(slope, abs=1e-4)
    np.testing.assert_allclose(found.variance, (down.residual - up.residual) / (2 * _SMALL), atol=1e-8)
    for g, k in zip(*np.nonzero(steps.free), strict=True):
        by = np.zeros(steps.sums.shape)
        by[g, k] = _SMALL
        up, down = (moments(ratings, eta, steps.moved(side * by), variance) for side in (1, -1))
        slope = (down.log_likelihood - up.log_likelihood) / (2 * _SMALL)
        assert found.step_residual[g, k] == pytest.approx(slope, abs=1e-4)
        own = (ratings.scale.codes == g) & (ratings.trials == 0)
        mixed = np.where(own, found.mixed[:, k - 1], 0.0)
        np.testing.assert_allclose(mixed, (up.residual - down.residual) / (2 * _SMALL), atol=1e-8)
        bend = (down.step_residual - up.step_residual)[g] / (2 * _SMALL)
        np.testing.assert_allclose(found.step_variance[g, k, 1:-1], -bend[1:-1], atol=1e-6)


@pytest.mark.parametrize("spread", [None, 0.8])
@pytest.mark.parametrize("thresholds_by", [None, "criterion", "rater"])
@pytest.mark.parametrize("reach", [1.0, 400.0])
def test_both_paths_give_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, spread: float | None, thresholds_by: str | None, reach: float
) -> None:
    pytest.importorskip("numba")
    ratings = mixed_table(thresholds_by=thresholds_by)
    steps, eta = with_random_sums(Steps.of(ratings)), reach * places_of(ratings)
    variance = None if spread is None else np.linspace(0, spread, len(ratings))
    monkeypatch.delenv("GRADUS_PLAIN_NUMPY", raising=False)
    compiled = moments(ratings, eta, steps, variance), squares(ratings, eta, steps, variance)
    monkeypatch.setenv("GRADUS_PLAIN_NUMPY", "1")
    plain = moments(ratings, eta, steps, variance), squares(ratings, eta, steps, variance)
    assert compiled[0].log_likelihood == pytest.approx(plain[0].log_likelihood, rel=1e-11)
    for name in ("residual", "variance", "mixed", "step_residual", "step_variance"):
        np.testing.assert_allclose(
            getattr(compiled[0], name), getattr(plain[0], name), rtol=1e-9, atol=1e-10, err_msg=name
        )
    if reach == 1.0:
        for name in ("square", "variance", "standard", "fourth", "kurtosis"):
            np.testing.assert_allclose(
                getattr(compiled[1], name), getattr(plain[1], name), rtol=1e-8, err_msg=name
            )


def test_moments_of_one_rating_are_those_of_its_distribution() -> None:
    ratings = three_facets([0, 1], [0, 0], [0, 0], [0, 3])
    steps = Steps(
        np.array([[0.0, -1.0, 0.3, 0.0]]), np.ones((1, 4), bool), np.ones((1, 4), bool), np.ones((1, 4))
    )
    chance = np.exp(0.4 * np.arange(4) - steps.sums[0])
    chance /= chance.sum()
    mean = float(chance @ np.arange(4))
    moment = [float(chance @ (np.arange(4) - mean) ** power) for power in (2, 4)]
    found = squares(ratings, np.array([0.4, 0.4]), steps)
    np.testing.assert_allclose(found.variance, moment[0])
    np.testing.assert_allclose(found.fourth, moment[1])
    np.testing.assert_allclose(found.kurtosis, moment[1] / moment[0] ** 2)
    np.testing.assert_allclose(found.square, [mean**2, (3 - mean) ** 2])
    np.testing.assert_allclose(found.standard, found.square / moment[0])


def test_a_count_of_trials_is_a_scale_with_binomial_thresholds(path: str) -> None:
    # log P(k) / P(k - 1) = eta - log(k / (n - k + 1)), Facets' "B n".
    trials, eta = 6, np.array([-2.0, -0.3, 0.0, 0.8, 3.0, 1.1, 0.5])
    value = list(range(trials + 1))
    binomial = [np.log(k / (trials - k + 1)) for k in range(1, trials + 1)]
    counted = three_facets(value, [0] * 7, [0] * 7, value, trials=[trials] * 7)
    rated = three_facets(value, [0] * 7, [0] * 7, value, thresholds={"all": binomial})
    one, other = moments(counted, eta, Steps.of(counted)), moments(rated, eta, Steps.of(rated))
    np.testing.assert_allclose(one.residual, other.residual, atol=1e-12)
    np.testing.assert_allclose(one.variance, other.variance, atol=1e-12)
    left, right = squares(counted, eta, Steps.of(counted)), squares(rated, eta, Steps.of(rated))
    for name in ("square", "variance", "standard", "fourth", "kurtosis"):
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), rtol=1e-10, err_msg=name)
    # The likelihoods differ by the binomial coefficients, which depend on no measure.
    constant = sum(np.log(comb(trials, k)) for k in value)
    assert other.log_likelihood - one.log_likelihood == pytest.approx(constant)


def test_probabilities_of_far_out_ratings_stay_probabilities() -> None:
    ratings = three_facets([0, 1], [0, 0], [0, 0], [0, 3])
    steps = Steps.of(ratings)
    mean, variance, chance = expected_of(ratings, np.array([-900.0, 900.0]), steps, slice(None))
    np.testing.assert_allclose(mean, [0, 3])
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    assert np.isfinite(log_chance_of(ratings, np.array([900.0, -900.0]), steps, slice(None))).all()
    assert np.isfinite(fourth_of(ratings, np.zeros(2), mean, chance, slice(None))).all()
    assert (variance >= 0).all()


def test_an_average_over_an_uncertain_place_is_an_integral(path: str) -> None:
    ratings = three_facets([0, 1, 2, 3], [0] * 4, [0] * 4, [0, 1, 2, 3])
    steps, eta = Steps.of(ratings), np.array([-1.0, 0.0, 0.5, 2.0])
    found = moments(ratings, eta, steps, np.full(4, 0.25))
    grid = np.linspace(-4, 4, 4001)
    density = np.exp(-grid * grid / 0.5)
    density /= density.sum()
    points = [moments(ratings, eta + gap, steps) for gap in grid[::20]]
    weights = density[::20] / density[::20].sum()
    averaged = sum(weight * point.residual for weight, point in zip(weights, points, strict=True))
    np.testing.assert_allclose(found.residual, averaged, atol=2e-4)


def test_what_has_no_weight_may_stand_where_nothing_else_does(path: str) -> None:
    ratings = three_facets([0, 1, 2], [0] * 3, [0] * 3, [0, 1, 2], weight=[1, 1, 0])
    found = moments(ratings, np.zeros(3), Steps.of(ratings))
    assert found.log_likelihood == pytest.approx(2 * np.log(0.5))
    careful = moments(ratings, np.array([0.0, 0.0, 900.0]), Steps.of(ratings))
    assert careful.log_likelihood == pytest.approx(2 * np.log(0.5))
