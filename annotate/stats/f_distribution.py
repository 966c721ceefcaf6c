"""The F distribution: its share above a value, and its quantiles, to seven digits or more."""

from __future__ import annotations

import math

from annotate.errors import Rejected

_TINY = 1e-300
_EPSILON = 1e-16


def f_above(f: float, df1: float, df2: float) -> float:
    r"""Chance of a value above `f` with `df1` and `df2` degrees of freedom.

    .. math:: P(F > f) = I_y(df_2 / 2, df_1 / 2), \qquad y = \frac{df_2}{df_1 f + df_2}

    Raises `Rejected` unless both degrees of freedom are positive.

    References
    ----------
    Abramowitz, M. & Stegun, I. A. (1964). Handbook of Mathematical Functions, 26.6.2 and 26.5.8.

    Examples
    --------
    >>> round(f_above(4.0, 2, 10), 6)
    0.052922
    """
    _check(df1, df2)
    if f <= 0:
        return 1.0
    if df1 * f < df2:
        return 1 - incomplete_beta(df1 * f / (df1 * f + df2), df1 / 2, df2 / 2)
    return incomplete_beta(df2 / (df1 * f + df2), df2 / 2, df1 / 2)


def f_quantile(share: float, df1: float, df2: float) -> float:
    """The value below which `share` of the F distribution lies, by bisection; ``0 < share < 1``.

    Examples
    --------
    >>> round(f_quantile(0.95, 5, 15), 6)
    2.901295
    """
    _check(df1, df2)
    if not 0 < share < 1:
        raise Rejected("a quantile needs a share between 0 and 1", field="share")
    a, b = df1 / 2, df2 / 2
    # Looked for from the end it is nearer to, or the digits of 1 - x are lost.
    if share < incomplete_beta(0.5, a, b):
        x = _beta_quantile(share, a, b)
        return df2 * x / (df1 * (1 - x))
    y = _beta_quantile(1 - share, b, a)
    return df2 * (1 - y) / (df1 * y) if y else math.inf


def _beta_quantile(share: float, a: float, b: float) -> float:
    """The x up to 1/2 with I_x(a, b) = share."""
    low, high = 0.0, 0.5
    while True:
        middle = (low + high) / 2
        # The nearest floats: nothing lies between them.
        if middle in (low, high):
            return middle
        if incomplete_beta(middle, a, b) < share:
            low = middle
        else:
            high = middle


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # The fraction converges fast on one side of the mode; the other side is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1 - math.exp(log_front) * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation of the continued fraction; some sqrt(max(a, b)) terms are needed."""
    above, below = 1.0, 1 - (a + b) * x / (a + 1)
    below = 1 / (below if abs(below) > _TINY else _TINY)
    value = below
    for m in range(1, 100 + int(10 * math.sqrt(max(a, b)))):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 + term * below
            above = 1 + term / above
            below = 1 / (below if abs(below) > _TINY else _TINY)
            above = above if abs(above) > _TINY else _TINY
            step = below * above
            value *= step
        if abs(step - 1) < _EPSILON:
            break
    return value


def _check(df1: float, df2: float) -> None:
    if df1 <= 0 or df2 <= 0:
        raise Rejected("degrees of freedom must be positive", field="df")
