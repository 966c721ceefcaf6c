"""The two tails of Student's t distribution, for whole arrays and without scipy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from annotate.stats.codes import FloatArray

_TERMS = 300
_EXACT = 1e-14
_TINY = 1e-300
_ENDLESS = 1e7
"""Degrees of freedom from which on the normal distribution is the same to seven digits."""


def student_p(t: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    r"""P(\|T\| ≥ \|t\|), NaN where t is NaN or there are no degrees of freedom.

    :math:`I_{x}(df / 2, 1 / 2)` with :math:`x = df / (df + t^2)`, by the continued fraction of the incomplete beta
    function (Lentz); above ten million degrees of freedom, infinity included, that of the normal distribution.

    Parameters
    ----------
    t, df : arrays that broadcast to one shape

    References
    ----------
    DLMF, section 8.17. https://dlmf.nist.gov/8.17

    Examples
    --------
    >>> student_p([2.2281388519649385, 1.959963984540054], [10, float("inf")]).round(6).tolist()
    [0.05, 0.05]
    """
    value, freedom = np.broadcast_arrays(np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64))
    out = np.full(value.shape, np.nan)
    usable = ~np.isnan(value) & (freedom > 0)
    far = usable & (freedom > _ENDLESS)
    if far.any():
        out[far] = [math.erfc(abs(one) / math.sqrt(2)) for one in value[far].tolist()]
    near = usable & ~far
    if near.any():
        square, own = np.square(value[near]), freedom[near]
        out[near] = _beta_share(own / (own + square), square / (own + square), own / 2, 0.5)
    return out


def _beta_share(x: FloatArray, rest: FloatArray, a: FloatArray, b: float) -> FloatArray:
    """I_x(a, b) with ``rest`` = 1 − x; above the mean it is turned around, where the fraction converges."""
    turned = x > (a + 1) / (a + b + 2)
    first, second = np.where(turned, b, a), np.where(turned, a, b)
    at, far = np.where(turned, rest, x), np.where(turned, x, rest)
    gamma = np.array([math.lgamma(c + b) - math.lgamma(c) - math.lgamma(b) for c in a.tolist()])
    with np.errstate(divide="ignore"):
        log = gamma + first * np.log(at) + second * np.log(far)
    share = np.where(at > 0, np.exp(log) * _fraction(at, first, second) / first, 0.0)
    return np.asarray(np.clip(np.where(turned, 1 - share, share), 0.0, 1.0))


def _fraction(x: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    c = np.ones_like(x)
    d = 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d.copy()
    for k in range(1, _TERMS):
        for factor in (
            k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
        ):
            d = 1 / _off_zero(1 + factor * d)
            c = _off_zero(1 + factor / c)
            found = found * (d * c)
        if np.abs(d * c - 1).max() < _EXACT:
            break
    return found


def _off_zero(x: FloatArray) -> FloatArray:
    return np.where(np.abs(x) > _TINY, x, _TINY)
