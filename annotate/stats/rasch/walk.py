r"""Measures that walk at random from one window to the next, seen through noisy estimates.

.. math:: \lambda_{jt} \sim N(\lambda_{j, t - 1}, s^2 \Delta t), \qquad \hat\lambda_{jt} \sim N(\lambda_{jt}, v_{jt})

for all J raters at once, where each begins anywhere. The posterior of a walk solves a tridiagonal system, which a
filter forward and a smoother backward do in one pass each; s is the likeliest over all raters.

References
----------
Durbin, J. & Koopman, S. J. (2012). Time Series Analysis by State Space Methods, chapters 2 and 4.
doi:10.1093/acprof:oso/9780199641178.001.0001
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray

_LEAST, _MOST = 1e-3, 4.0
_TRIES = 24
_NARROWINGS = 40
_GOLDEN = (np.sqrt(5.0) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Attributes
    ----------
    step_sd : float
        Standard deviation s of a step over one unit of time, 0 where standing still is as likely.
    mean, sd : (J, T) float arrays
        Posteriors, between the first and the last window with an estimate; NaN outside.
    """

    step_sd: float
    mean: FloatArray
    sd: FloatArray


def smooth(seen: FloatArray, variance: FloatArray, time: FloatArray, *, step_sd: float | None = None) -> Walk:
    """The walks behind (J, T) estimates with error variances, NaN where there is none.

    Parameters
    ----------
    seen, variance : (J, T) float arrays
    time : (T,) float array, rising
    step_sd : float, optional
        To be taken as known.

    Examples
    --------
    >>> seen = np.array([[0.0, np.nan, 2.0]])
    >>> smooth(seen, np.full((1, 3), 1e-9), np.arange(3.0), step_sd=1.0).mean.round(3).tolist()
    [[0.0, 1.0, 2.0]]
    """
    gap = np.diff(time, prepend=time[:1])
    chosen = _likeliest(seen, variance, gap) if step_sd is None else step_sd
    mean, spread, _ = _filtered(seen, variance, gap * chosen**2)
    for t in range(seen.shape[1] - 2, -1, -1):
        ahead = spread[:, t] + gap[t + 1] * chosen**2
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(ahead > 0, spread[:, t] / ahead, 1.0)
        mean[:, t] += share * (mean[:, t + 1] - mean[:, t])
        spread[:, t] += share * share * (spread[:, t + 1] - ahead)
    known = np.isfinite(seen)
    inside = np.logical_or.accumulate(known, axis=1)
    inside &= np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    return Walk(
        chosen,
        np.where(inside, mean, np.nan),
        np.where(inside, np.sqrt(np.maximum(spread, 0.0)), np.nan),
    )


def _filtered(
    seen: FloatArray, variance: FloatArray, step: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """(J, T) means and variances given the past, and the log-likelihood; NaN before a walk has begun."""
    n_raters, n_windows = seen.shape
    mean, spread = np.full((n_raters, n_windows), np.nan), np.full((n_raters, n_windows), np.nan)
    at, width = np.full(n_raters, np.nan), np.full(n_raters, np.nan)
    total = 0.0
    for t in range(n_windows):
        width = width + step[t]
        known, begun = np.isfinite(seen[:, t]), np.isfinite(at)
        both = known & begun
        surprise, expected = seen[both, t] - at[both], width[both] + variance[both, t]
        total -= 0.5 * float((np.log(2 * np.pi * expected) + np.square(surprise) / expected).sum())
        share = width[both] / expected
        at[both] += share * surprise
        width[both] *= 1 - share
        first = known & ~begun
        at[first], width[first] = seen[first, t], variance[first, t]
        mean[:, t], spread[:, t] = at, width
    return mean, spread, total


def _likeliest(seen: FloatArray, variance: FloatArray, gap: FloatArray) -> float:
    """By trying a row of values, then narrowing around the best of them (golden section)."""

    def likelihood(log: float) -> float:
        return _filtered(seen, variance, gap * np.exp(2 * log))[2]

    tries = np.linspace(np.log(_LEAST), np.log(_MOST), _TRIES)
    values = [likelihood(float(one)) for one in tries]
    best = int(np.argmax(values))
    if best == 0 or values[best] <= _filtered(seen, variance, 0 * gap)[2] + 1e-9:
        return 0.0
    low, high = float(tries[best - 1]), float(tries[min(best + 1, _TRIES - 1)])
    for _ in range(_NARROWINGS):
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, b) if likelihood(a) >= likelihood(b) else (a, high)
    return float(np.exp((low + high) / 2))
