r"""Probabilities and expected categories of scales along the logit axis.

A scale is a row of `Steps`: :math:`P(k) \propto \exp(k \eta - c_{gk})`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.steps import Steps

_FAR = 60.0
_HALVINGS = 60


def only(steps: Steps, scales: IntArray) -> Steps:
    """The scales with these numbers."""
    return Steps(steps.sums[scales], steps.used[scales], steps.free[scales], steps.counts[scales])


def probabilities(steps: Steps, eta: FloatArray) -> FloatArray:
    """(G, n, K) probabilities on every scale at (n,) or (G, n) places; NaN on scales nobody used."""
    numbers = np.arange(steps.sums.shape[1], dtype=np.float64)
    logit = eta[..., None] * numbers - steps.sums[:, None, :]
    unused = ~steps.used.any(axis=1)
    logit[unused] = np.nan
    chance = np.exp(logit - logit.max(axis=-1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=-1, keepdims=True))


def expected(steps: Steps, eta: FloatArray) -> FloatArray:
    """(G, n) expected categories."""
    return np.asarray(probabilities(steps, eta) @ np.arange(steps.sums.shape[1], dtype=np.float64))


def where_rising(curve: Callable[[FloatArray], FloatArray], target: FloatArray) -> FloatArray:
    """Where a rising curve passes the targets, by halving; NaN where the target is, and out of reach of ±60 logits.

    ``curve`` takes places and gives values, both of the targets' shape.
    """
    low, high = np.full(target.shape, -_FAR), np.full(target.shape, _FAR)
    inside = (curve(low) <= target) & (target <= curve(high))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = curve(middle) > target
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(inside, (low + high) / 2, np.nan)
