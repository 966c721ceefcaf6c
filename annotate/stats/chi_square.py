"""The upper tail of the chi-square distribution, without scipy."""

from __future__ import annotations

import math

from annotate.errors import Rejected

_TERMS = 10_000
_EXACT = 1e-15
_TINY = 1e-300


def chi_square_tail(value: float, df: float) -> float:
    r"""P(X ≥ value) for X chi-square with ``df`` degrees of freedom, :math:`Q(df / 2, value / 2)`.

    By the series of the incomplete gamma function below its mean and by its continued fraction (Lentz) above.
    Raises `Rejected` for ``df <= 0`` or NaN.

    References
    ----------
    DLMF, sections 8.7 and 8.9. https://dlmf.nist.gov/8

    Examples
    --------
    >>> round(chi_square_tail(3.841458820694124, 1), 6)
    0.05
    """
    if not df > 0 or math.isnan(value):
        raise Rejected("needs a number and degrees of freedom above 0", field="df")
    a, x = df / 2, value / 2
    if x <= 0:
        return 1.0
    if math.isinf(x):
        return 0.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        return max(0.0, 1 - scale * _series(a, x))
    return min(1.0, scale * _fraction(a, x))


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for k in range(1, _TERMS):
        term *= x / (a + k)
        total += term
        if term < total * _EXACT:
            break
    return total


def _fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    found = d
    for k in range(1, _TERMS):
        factor = -k * (k - a)
        b += 2
        d = 1 / _away_from_zero(factor * d + b)
        c = _away_from_zero(b + factor / c)
        found *= d * c
        if abs(d * c - 1) < _EXACT:
            break
    return found


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
