r"""What a model expects of every rating: one pass over the table.

With :math:`\eta` the signed sum of measures, a rating on scale g has

.. math:: P(k) \propto \exp(k \eta - c_{gk}), \qquad E = \sum k P(k), \qquad V = \sum k^2 P(k) - E^2

and a count of successes out of t trials :math:`E = t p,\ V = t p (1 - p)` with :math:`p = 1 / (1 + e^{-\eta})`. Where
:math:`\eta` is uncertain, with variance :math:`s^2`, all of it is averaged over a normal distribution by Gauss-Hermite
quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.compiled import compiled_pass, compiled_squares
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps

_BLOCK = 1 << 13
"""Ratings that are worked on at once: few enough for a processor's cache."""
N_NODES = 5
_FAR = 600.0
"""Beyond this exponent the chain of powers is not safe, and logarithms are taken."""


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
    return _quadrature(1 if variance is None else N_NODES)


@cache
def _quadrature(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    place, weight = np.polynomial.hermite_e.hermegauss(n_nodes)
    order = np.argsort(np.abs(place), kind="stable")
    return place[order], weight[order] / weight.sum()


def _numpy_pass(ratings: Ratings, eta: FloatArray, steps: Steps, variance: FloatArray | None) -> Moments:
    n, (n_scales, n_categories) = len(ratings), steps.sums.shape
    inner = range(1, n_categories - 1)
    residual, spread, mixed = np.zeros(n), np.zeros(n), np.zeros((n, len(inner)))
    step_residual = np.zeros((n_scales, n_categories))
    step_variance = np.zeros((n_scales, n_categories, n_categories))
    total = 0.0
    for part in _blocks(n):
        scale, value = ratings.scale.codes[part], ratings.value[part]
        weight, rated = ratings.weight[part], ratings.trials[part] == 0
        own = {k: np.zeros(len(weight)) for k in inner}
        both = {(k, j): np.zeros(len(weight)) for k in inner for j in range(1, k + 1)}
        for place, share in _grid(eta, variance, part):
            mean, var, chance, log_total = _expected(ratings, place, steps, part)
            shared = share * weight
            residual[part] += shared * (value - mean)
            spread[part] += shared * var
            total += float((shared * _log_chance(ratings, place, steps, part, log_total)).sum())
            for k in inner:
                here = shared * chance[k]
                own[k] += here
                mixed[part, k - 1] += here * (k - mean)
                for j in range(1, k + 1):
                    both[k, j] += here * chance[j]
        for k in inner:
            given = weight * ((value == k) & rated)
            step_residual[:, k] += np.bincount(scale, given - own[k], n_scales)
            step_variance[:, k, k] += np.bincount(scale, own[k], n_scales)
            for j in range(1, k + 1):
                step_variance[:, k, j] -= np.bincount(scale, both[k, j], n_scales)
    for k in inner:
        step_variance[:, 1:k, k] = step_variance[:, k, 1:k]
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
    mean, variance, chance, _ = _expected(ratings, eta, steps, part)
    return mean, variance, chance.T


def _expected(
    ratings: Ratings, eta: FloatArray, steps: Steps, part: slice
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """As `expected_of`, but (K, b), with the (b,) logarithms of what the probabilities were divided by."""
    trials, scale = ratings.trials[part], ratings.scale.codes[part]
    chance, log_total = _chances(eta, steps.sums, scale)
    mean, variance = np.zeros_like(eta), np.zeros_like(eta)
    for k in range(1, len(chance)):
        mean += k * chance[k]
    for k in range(len(chance)):
        variance += np.square(k - mean) * chance[k]
    counted = trials > 0
    if counted.any():
        success = _success(eta[counted])
        mean[counted] = trials[counted] * success
        variance[counted] = trials[counted] * success * (1 - success)
        chance[:, counted] = 0.0
    return mean, variance, chance, log_total


def _chances(eta: FloatArray, sums: FloatArray, scale: IntArray) -> tuple[FloatArray, FloatArray]:
    n_scales, n_categories = sums.shape
    chance = np.empty((n_categories, len(eta)))
    is_near = float(np.abs(eta).max(initial=0.0)) * (n_categories - 1) < _FAR
    if is_near:
        odds, power = np.exp(eta), np.ones_like(eta)
        factors = np.exp(-sums)
        for k in range(n_categories):
            if k:
                power *= odds
            np.multiply(power, factors[0, k] if n_scales == 1 else factors[scale, k], out=chance[k])
        top = np.zeros(1)
    else:
        for k in range(n_categories):
            np.subtract(k * eta, sums[0, k] if n_scales == 1 else sums[scale, k], out=chance[k])
        top = chance.max(axis=0)
        np.exp(chance - top, out=chance)
    total = chance.sum(axis=0)
    chance /= total
    return chance, top + np.log(total)


def _success(eta: FloatArray) -> FloatArray:
    # 1 / (1 + exp(-eta)) without an exponential that may leave the range of numbers.
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * eta))


def fourth_of(
    ratings: Ratings, eta: FloatArray, mean: FloatArray, chance: FloatArray, part: slice
) -> FloatArray:
    """(b,) fourth central moments; ``chance`` is (b, K)."""
    fourth = np.zeros_like(eta)
    for k in range(chance.shape[1]):
        fourth += np.square(np.square(k - mean)) * chance[:, k]
    trials = ratings.trials[part]
    counted = trials > 0
    if counted.any():
        success = _success(eta[counted])
        both = success * (1 - success)
        fourth[counted] = trials[counted] * both * (1 + (3 * trials[counted] - 6) * both)
    return fourth


def log_chance_of(ratings: Ratings, eta: FloatArray, steps: Steps, part: slice) -> FloatArray:
    """Log-probability of what was given, without the binomial coefficient, which depends on no measure.

    0 for what has no weight: it may stand in a category that has no chance.
    """
    _, log_total = _chances(eta, steps.sums, ratings.scale.codes[part])
    return _log_chance(ratings, eta, steps, part, log_total)


def _log_chance(
    ratings: Ratings, eta: FloatArray, steps: Steps, part: slice, log_total: FloatArray
) -> FloatArray:
    value, trials = ratings.value[part], ratings.trials[part]
    counted = trials > 0
    own = np.where(counted, 0, value) if counted.any() else value
    found = own * eta - steps.sums[ratings.scale.codes[part], own] - log_total
    if counted.any():
        binomial = value[counted] * eta[counted] - trials[counted] * np.logaddexp(0.0, eta[counted])
        found[counted] = binomial
    return np.where(ratings.weight[part] > 0, found, 0.0)
