r"""How far to believe each channel, learnt where the truth is known.

.. math::

    \beta = \arg\max \sum_i \Big( \sum_c \beta_c \ell_{ic}(e_i) - \log \sum_e \exp \sum_c \beta_c \ell_{ic}(e) \Big)
    - \frac{\lambda}{2} \sum_c (\beta_c - 1)^2

A conditional (multinomial) logit with a normal prior around 1 (McFadden 1974): concave, so Newton's method ends at the
one maximum. Where a model is wrong in shape, and all are, this is what makes its probabilities mean what they say.
"""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.layout import Layout

_TIE = 25.0
_LEAST = 0.05
_STEPS = 50


def fitted_trust(channels: FloatArray, layout: Layout, truth: IntArray, tie: float = _TIE) -> FloatArray:
    """(n_channels,) from (n_channels, n_places) log-likelihoods of traces whose true places are at `truth`."""
    at = np.ones(len(channels))
    value = _value(channels, layout, truth, at, tie)
    for _ in range(_STEPS):
        posterior, _ = layout.normalised(at @ channels)
        mean = np.stack([layout.total(posterior * row) for row in channels])
        gradient = (channels[:, truth] - mean).sum(axis=1) - tie * (at - 1)
        curvature = (channels * posterior) @ channels.T - mean @ mean.T + tie * np.eye(len(at))
        step = np.linalg.solve(curvature, gradient)
        length = 1.0
        while length > 1e-6:
            there = np.maximum(at + length * step, _LEAST)
            found = _value(channels, layout, truth, there, tie)
            if found > value:
                break
            length /= 2
        else:
            break
        is_done = found - value < 1e-8
        at, value = there, found
        if is_done:
            break
    return np.asarray(at)


def _value(channels: FloatArray, layout: Layout, truth: IntArray, at: FloatArray, tie: float) -> float:
    score = at @ channels
    _, total = layout.normalised(score)
    return float(score[truth].sum() - total.sum() - tie / 2 * ((at - 1) ** 2).sum())
