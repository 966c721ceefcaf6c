"""Make a forecast mean what it says: fit a curve on known outcomes, and measure what is still off.

A *forecast* is a probability in [0, 1] given for an event that happened (1) or did not (0). A curve never changes the
order of two forecasts (Platt's may turn all of them round when they point the wrong way); what it changes is how much
a 0.9 is worth.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from annotate.errors import Rejected
from annotate.stats.bootstrap import BootstrapResult, cluster_bootstrap
from annotate.stats.codes import FloatArray, IntArray

# Forecasts of 0 and 1 have no logit; this is as far as Platt's curve looks.
_EDGE = 1e-6
_STEPS = 100
_TOLERANCE = 1e-10
_LEAST_CURVATURE = 1e-12


class Curve(Protocol):
    def __call__(self, forecast: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicCurve:
    """Straight lines between ``(x[i], y[i])``, both rising; flat beyond the ends."""

    x: FloatArray
    y: FloatArray

    def __call__(self, forecast: FloatArray) -> FloatArray:
        return np.asarray(np.interp(forecast, self.x, self.y), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class PlattCurve:
    """``sigmoid(slope * logit(forecast) + intercept)``; slope 1 and intercept 0 leave a forecast alone."""

    slope: float
    intercept: float

    def __call__(self, forecast: FloatArray) -> FloatArray:
        return _sigmoid(self.slope * _logit(forecast) + self.intercept)


def fit_isotonic(
    forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None = None
) -> IsotonicCurve:
    """The rising curve of least weighted squared error, by pooling adjacent violators.

    Outcomes may be shares.
    Equal forecasts are pooled first, so that the order of the rows cannot matter; the curve runs straight between the
    outermost forecasts of neighbouring pools. Raises `Rejected` for no rows or values out of range.

    References
    ----------
    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T. & Silverman, E. (1955). An empirical distribution function for
    sampling with incomplete information. Annals of Mathematical Statistics 26, 641-647. doi:10.1214/aoms/1177728423

    Examples
    --------
    >>> curve = fit_isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    >>> curve(np.array([0.0, 0.1, 0.25, 0.4])).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    forecast, outcome, weight = _checked(forecast, outcome, weight)
    x, where = np.unique(forecast, return_inverse=True)
    total, events = np.bincount(where, weight), np.bincount(where, weight * outcome)
    held = total > 0
    x = x[held]
    mass: FloatArray = total[held].astype(np.float64)
    mean: FloatArray = events[held].astype(np.float64) / mass
    starts, values = _pooled(mean, mass)
    ends = np.append(starts[1:], len(x)) - 1
    corners = np.column_stack([starts, ends]).ravel()
    heights = np.repeat(values, 2)
    is_new = np.append(True, corners[1:] != corners[:-1])
    return IsotonicCurve(x[corners[is_new]], heights[is_new])


def _pooled(mean: FloatArray, mass: FloatArray) -> tuple[IntArray, FloatArray]:
    """Where each pool begins, and its mean."""
    pools: list[tuple[int, float, float]] = []
    for start, (value, weight) in enumerate(zip(mean.tolist(), mass.tolist(), strict=True)):
        pool = (start, value, weight)
        while pools and pools[-1][1] >= pool[1]:
            first, before, heavy = pools.pop()
            total = heavy + pool[2]
            pool = (first, (before * heavy + pool[1] * pool[2]) / total, total)
        pools.append(pool)
    starts, values, _ = zip(*pools, strict=True)
    return np.array(starts, dtype=np.int64), np.array(values)


def fit_platt(forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None = None) -> PlattCurve:
    """Platt's logistic curve over the logit of the forecast, by Newton's method with halved steps.

    The targets are smoothed as Platt does, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), so that outcomes which a threshold
    separates perfectly still have a finite curve. Raises `Rejected` for no rows, values out of
    range, or an outcome that is neither 0 nor 1.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines. In Advances in Large Margin Classifiers.
    Lin, H.-T., Lin, C.-J. & Weng, R. C. (2007). A note on Platt's probabilistic outputs for support vector machines.
    Machine Learning 68, 267-276. doi:10.1007/s10994-007-5018-6
    """
    forecast, outcome, weight = _checked(forecast, outcome, weight)
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise Rejected("must be 0 or 1", field="outcome")
    score = _logit(forecast)
    n_yes, n_no = float(weight @ outcome), float(weight @ (1 - outcome))
    target = np.where(outcome > 0.5, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2))
    rows = np.column_stack([score, np.ones_like(score)])
    at: FloatArray = np.array([0.0, np.log((n_yes + 1) / (n_no + 1))])
    loss = _log_loss(rows @ at, target, weight)
    for _ in range(_STEPS):
        given = _sigmoid(rows @ at)
        gradient = rows.T @ (weight * (given - target))
        if np.abs(gradient).max() < _TOLERANCE * max(1.0, float(weight.sum())):
            break
        curvature = (rows * (weight * given * (1 - given))[:, None]).T @ rows
        step: FloatArray = np.linalg.solve(curvature + _LEAST_CURVATURE * np.eye(2), gradient).astype(
            np.float64
        )
        at, loss, is_better = _descended(rows, target, weight, at, step, loss)
        if not is_better:
            break
    return PlattCurve(float(at[0]), float(at[1]))


def _descended(
    rows: FloatArray, target: FloatArray, weight: FloatArray, at: FloatArray, step: FloatArray, loss: float
) -> tuple[FloatArray, float, bool]:
    """The point after the longest of the halved steps that lowers the loss."""
    length = 1.0
    while length > _TOLERANCE:
        there = at - length * step
        found = _log_loss(rows @ there, target, weight)
        if found < loss:
            return there, found, True
        length /= 2
    return at, loss, False


def brier_score(forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None = None) -> float:
    """Weighted mean of (forecast − outcome)², 0 at best (Brier 1950)."""
    forecast, outcome, weight = _checked(forecast, outcome, weight)
    return float(weight @ (forecast - outcome) ** 2 / weight.sum())


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Mean forecast and share of events among the rows of one bin; ``mass`` is their weight."""

    forecast: float
    outcome: float
    mass: float


def reliability(
    forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None = None, *, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Rows in up to ``bins`` bins of about equal mass, by forecast; equal forecasts share a bin."""
    forecast, outcome, weight = _checked(forecast, outcome, weight)
    x, where = np.unique(forecast, return_inverse=True)
    mass, events = np.bincount(where, weight), np.bincount(where, weight * outcome)
    # A value belongs to the bin its middle falls into.
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    place = np.minimum((middle * bins).astype(np.int64), bins - 1)
    total = np.bincount(place, mass, bins)
    held = total > 0
    means = np.bincount(place, mass * x, bins)[held] / total[held]
    shares = np.bincount(place, events, bins)[held] / total[held]
    return tuple(
        ReliabilityBin(*row)
        for row in zip(means.tolist(), shares.tolist(), total[held].tolist(), strict=True)
    )


def calibration_error(
    forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None = None, *, bins: int = 10
) -> float:
    """Expected calibration error over bins of equal mass: Σ (mass of the bin) |mean forecast − share of events|.

    Biased upwards where bins are small: a perfect forecast of n rows shows about ``sqrt(bins / n)`` times a constant.
    """
    found = reliability(forecast, outcome, weight, bins=bins)
    total = sum(one.mass for one in found)
    return sum(one.mass * abs(one.forecast - one.outcome) for one in found) / total


@dataclass(frozen=True, slots=True, eq=False)
class _OverTraces:
    """A score of forecasts as a statistic of clusters, for the bootstrap."""

    score: Score
    forecast: FloatArray
    outcome: FloatArray
    place: IntArray

    @property
    def n_clusters(self) -> int:
        return int(self.place.max()) + 1 if len(self.place) else 0

    @property
    def width(self) -> int:
        return len(self.forecast)

    def evaluate(self, weights: FloatArray) -> FloatArray:
        return np.array([self.score(self.forecast, self.outcome, row[self.place]) for row in weights])


class Score(Protocol):
    def __call__(self, forecast: FloatArray, outcome: FloatArray, weight: FloatArray, /) -> float: ...


def score_interval(
    score: Score,
    forecast: FloatArray,
    outcome: FloatArray,
    cluster: Sequence[Hashable],
    *,
    seed: int,
    resamples: int = 200,
) -> BootstrapResult:
    """Percentile interval of `brier_score` or `calibration_error`, whole clusters drawn again."""
    seen: dict[Hashable, int] = {}
    place = np.array([seen.setdefault(one, len(seen)) for one in cluster], dtype=np.int64)
    return cluster_bootstrap(_OverTraces(score, forecast, outcome, place), seed=seed, resamples=resamples)


def folds_of(cluster: Sequence[Hashable], folds: int) -> IntArray:
    """A fold for every row, whole clusters together, in turn by first appearance."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(one, len(seen)) % folds for one in cluster], dtype=np.int64)


def _checked(
    forecast: FloatArray, outcome: FloatArray, weight: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    forecast, outcome = np.asarray(forecast, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    weight = np.ones_like(forecast) if weight is None else np.asarray(weight, dtype=np.float64)
    if not len(forecast) or not len(forecast) == len(outcome) == len(weight):
        raise Rejected("needs as many outcomes and weights as forecasts, and at least one", field="forecast")
    if not (np.isfinite(forecast).all() and forecast.min() >= 0 and forecast.max() <= 1):
        raise Rejected("must lie between 0 and 1", field="forecast")
    if not (np.isfinite(outcome).all() and outcome.min() >= 0 and outcome.max() <= 1):
        raise Rejected("must lie between 0 and 1", field="outcome")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.sum() > 0):
        raise Rejected("must not be negative, nor all 0", field="weight")
    return forecast, outcome, weight


def _logit(forecast: FloatArray) -> FloatArray:
    inside = np.clip(forecast, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def _sigmoid(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)), dtype=np.float64)


def _log_loss(z: FloatArray, target: FloatArray, weight: FloatArray) -> float:
    return float(weight @ (np.logaddexp(0.0, z) - target * z))
