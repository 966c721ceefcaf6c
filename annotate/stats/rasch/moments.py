r"""What a model expects of every rating: one pass over the table.

With :math:`\eta` the signed sum of measures, a rating on scale g has

.. math:: P(k) \propto \exp(k \eta - c_{gk}), \qquad E = \sum k P(k), \qquad V = \sum k^2 P(k) - E^2

and a count of successes out of t trials :math:`E = t p,\ V = t p (1 - p)` with :math:`p = 1 / (1 + e^{-\eta})`. Where
:math:`\eta` is uncertain, with variance :math:`s^2`, all of it is averaged over a normal distribution by Gauss-Hermite
quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.compiled import compiled_pass, compiled_squares
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps

_BLOCK = 1 << 15
"""Ratings that are worked on at once: few enough for a processor's cache."""
N_NODES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Derivatives of the (expected) log-likelihood of every rating, weighted.

    Attributes
    ----------
    log_likelihood : float
    residual : (n,) first derivative by eta, w (x − E)
    variance : (n,) minus its second derivative, w V
    mixed : (n, K − 2) derivative of `residual` by c, w P(k) (k − E), of the inner categories
    step_residual : (G, K) first derivative by −c, Σ w ([x = k] − P(k)), 0 for the outermost categories
    step_variance : (G, K, K) minus its derivative, Σ w (diag P − P Pᵀ), likewise
    """

    log_likelihood: float
    residual: FloatArray
    variance: FloatArray
    mixed: FloatArray
    step_residual: FloatArray
    step_variance: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """What fit statistics are made of, per rating and unweighted, averaged over what is uncertain.

    Attributes
    ----------
    square : (n,) (x − E)²
    variance : (n,) V
    standard : (n,) (x − E)² / V
    fourth : (n,) Σ (k − E)⁴ P(k)
    kurtosis : (n,) Σ (k − E)⁴ P(k) / V²
    """

    square: FloatArray
    variance: FloatArray
    standard: FloatArray
    fourth: FloatArray
    kurtosis: FloatArray


def moments(ratings: Ratings, eta: FloatArray, steps: Steps, variance: FloatArray | None = None) -> Moments:
    """One pass; ``variance`` is that of eta, none where it counts as known."""
    run = compiled_pass()
    if run is not None:
        return Moments(*run(ratings, eta, steps, variance, *nodes(variance)))
    return _numpy_pass(ratings, eta, steps, variance)


def squares(ratings: Ratings, eta: FloatArray, steps: Steps, variance: FloatArray | None = None) -> Squares:
    run = compiled_squares()
    if run is not None:
        return Squares(*run(ratings, eta, steps, variance, *nodes(variance)))
    parts = [np.zeros(len(ratings)) for _ in range(5)]
    for part in _blocks(len(ratings)):
        for place, weight in _grid(eta, variance, part):
            mean, spread, chance = expected_of(ratings, place, steps, part)
            gap = np.square(ratings.value[part] - mean)
            fourth = fourth_of(ratings, place, mean, chance, part)
            floor = np.maximum(spread, 1e-150)
            terms = (gap, spread, gap / floor, fourth, fourth / np.square(floor))
            for total, term in zip(parts, terms, strict=True):
                total[part] += weight * term
    return Squares(*parts)


def nodes(variance: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Places and weights of the quadrature of a standard normal; the middle first, then pairs."""
    if variance is None:
        return np.zeros(1), np.ones(1)
    place, weight = np.polynomial.hermite_e.hermegauss(N_NODES)
    order = np.argsort(np.abs(place), kind="stable")
    return place[order], weight[order] / weight.sum()


def _numpy_pass(ratings: Ratings, eta: FloatArray, steps: Steps, variance: FloatArray | None) -> Moments:
    n, (n_scales, n_categories) = len(ratings), steps.sums.shape
    residual, spread, mixed = np.zeros(n), np.zeros(n), np.zeros((n, max(n_categories - 2, 0)))
    step_residual = np.zeros((n_scales, n_categories))
    step_variance = np.zeros((n_scales, n_categories, n_categories))
    numbers = np.arange(n_categories, dtype=np.float64)
    total = 0.0
    for part in _blocks(n):
        scale, weight = ratings.scale.codes[part], ratings.weight[part]
        rated = ratings.trials[part] == 0
        given = np.zeros((len(weight), n_categories))
        given[np.flatnonzero(rated), ratings.value[part][rated]] = 1.0
        for place, share in _grid(eta, variance, part):
            mean, var, chance = expected_of(ratings, place, steps, part)
            residual[part] += share * weight * (ratings.value[part] - mean)
            spread[part] += share * weight * var
            mixed[part] += share * weight[:, None] * (chance * (numbers - mean[:, None]))[:, 1:-1]
            total += share * float((weight * log_chance_of(ratings, place, steps, part)).sum())
            counted = share * (weight * rated)
            gap = counted[:, None] * (given - chance)
            for k in range(1, n_categories - 1):
                step_residual[:, k] += np.bincount(scale, gap[:, k], n_scales)
                for j in range(1, k + 1):
                    pair = -counted * chance[:, k] * chance[:, j]
                    sums = np.bincount(scale, pair + (counted * chance[:, k] if j == k else 0.0), n_scales)
                    step_variance[:, k, j] += sums
                    if j != k:
                        step_variance[:, j, k] += sums
    return Moments(total, residual, spread, mixed, step_residual, step_variance)


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK)]


def _grid(eta: FloatArray, variance: FloatArray | None, part: slice) -> list[tuple[FloatArray, float]]:
    places, weights = nodes(variance)
    spread = np.zeros(1) if variance is None else np.sqrt(variance[part])
    return [
        (eta[part] + spread * place, float(weight)) for place, weight in zip(places, weights, strict=True)
    ]


def expected_of(
    ratings: Ratings, eta: FloatArray, steps: Steps, part: slice
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(b,) means and variances and (b, K) probabilities, which are 0 for counts of trials."""
    numbers = np.arange(steps.sums.shape[1], dtype=np.float64)
    trials = ratings.trials[part]
    logit = eta[:, None] * numbers - steps.sums[ratings.scale.codes[part]]
    chance = np.exp(logit - logit.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    mean = chance @ numbers
    variance = np.square(numbers - mean[:, None])
    variance = (variance * chance).sum(axis=1)
    counted = trials > 0
    if counted.any():
        success = _success(eta[counted])
        mean[counted] = trials[counted] * success
        variance[counted] = trials[counted] * success * (1 - success)
        chance[counted] = 0.0
    return mean, variance, chance


def _success(eta: FloatArray) -> FloatArray:
    # 1 / (1 + exp(-eta)) without an exponential that may leave the range of numbers.
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * eta))


def fourth_of(
    ratings: Ratings, eta: FloatArray, mean: FloatArray, chance: FloatArray, part: slice
) -> FloatArray:
    numbers = np.arange(chance.shape[1], dtype=np.float64)
    fourth = (np.square(np.square(numbers - mean[:, None])) * chance).sum(axis=1)
    trials = ratings.trials[part]
    counted = trials > 0
    if counted.any():
        success = _success(eta[counted])
        both = success * (1 - success)
        fourth[counted] = trials[counted] * both * (1 + (3 * trials[counted] - 6) * both)
    return np.asarray(fourth)


def log_chance_of(ratings: Ratings, eta: FloatArray, steps: Steps, part: slice) -> FloatArray:
    """Log-probability of what was given, without the binomial coefficient, which depends on no measure.

    0 for what has no weight: it may stand in a category that has no chance.
    """
    value, trials = ratings.value[part], ratings.trials[part]
    sums = steps.sums[ratings.scale.codes[part]]
    logit = eta[:, None] * np.arange(sums.shape[1]) - sums
    top = logit.max(axis=1)
    with np.errstate(over="ignore"):
        rest = top + np.log(np.exp(logit - top[:, None]).sum(axis=1))
    counted = trials > 0
    own = np.where(counted, 0, value)
    found = logit[np.arange(len(value)), own] - rest
    found[counted] = value[counted] * eta[counted] - trials[counted] * np.logaddexp(0.0, eta[counted])
    return np.where(ratings.weight[part] > 0, found, 0.0)
