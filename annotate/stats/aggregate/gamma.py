"""The logarithm of the gamma function and its derivatives on arrays of positive numbers."""

from __future__ import annotations

import math

import numpy as np

from annotate.stats.codes import FloatArray

# From here on the asymptotic series below are exact to the last digits.
_FAR = 10


def log_gamma(x: FloatArray) -> FloatArray:
    r""":math:`\log \Gamma(x)` by Stirling's series, smaller arguments moved up by :math:`\Gamma(x + 1) = x \Gamma(x)`.

    Abramowitz & Stegun (1964), 6.1.41.

    Examples
    --------
    >>> log_gamma(np.array([1.0, 0.5])).round(12).tolist()
    [0.0, 0.572364942925]
    """
    shifts = [x + step for step in range(_FAR)]
    lift = np.where(x < _FAR, np.log(np.prod([np.minimum(shift, 2 * _FAR) for shift in shifts], axis=0)), 0.0)
    y = np.where(x < _FAR, x + _FAR, x)
    z = 1 / (y * y)
    series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / y
    return np.asarray((y - 0.5) * np.log(y) - y + math.log(2 * math.pi) / 2 + series - lift)


def digamma(x: FloatArray) -> FloatArray:
    r""":math:`\psi(x)`, the derivative of `log_gamma`. Abramowitz & Stegun (1964), 6.3.18.

    Examples
    --------
    >>> digamma(np.array([1.0])).round(12).tolist()
    [-0.577215664902]
    """
    lift = np.where(x < _FAR, sum(1 / (x + step) for step in range(_FAR)), 0.0)
    y = np.where(x < _FAR, x + _FAR, x)
    z = 1 / (y * y)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    return np.asarray(np.log(y) - 1 / (2 * y) - series - lift)


def trigamma(x: FloatArray) -> FloatArray:
    r""":math:`\psi'(x)`. Abramowitz & Stegun (1964), 6.4.12.

    Examples
    --------
    >>> trigamma(np.array([1.0])).round(12).tolist()
    [1.644934066848]
    """
    lift = np.where(x < _FAR, sum(1 / (x + step) ** 2 for step in range(_FAR)), 0.0)
    y = np.where(x < _FAR, x + _FAR, x)
    z = 1 / (y * y)
    series = z * (1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - z * 5 / 66)))) / y
    return np.asarray(1 / y + z / 2 + series + lift)
