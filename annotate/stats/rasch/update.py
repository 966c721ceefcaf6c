"""One more session on a scale that stands: touched raters and items move, thresholds and criteria are held.

What is known of every element before is a normal density; the session's ratings turn it into another one, whose mean
and variance are found as `eb` finds them. Nothing but the session is read, so the cost does not depend on what came
before.

References
----------
Opper, M. (1998). A Bayesian approach to on-line learning. In On-line Learning in Neural Networks, Cambridge University
Press.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.steps import Steps

SWEEPS = 8
_SETTLED = 1e-4
_LONGEST = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """(n_elements,) normal densities of the elements of a design; variance 0 means that an element is held."""

    mean: FloatArray
    variance: FloatArray


def update_session(design: Design, steps: Steps, before: Standing, *, sweeps: int = SWEEPS) -> Standing:
    r"""Take a session's ratings in.

    For each facet in turn

    .. math:: v = 1 / (1 / v_0 + \sum V), \qquad m \leftarrow m + v (\sum \pm (x - E) - (m - m_0) / v_0)

    with E and V averaged over what is uncertain, until nothing moves by 0.0001 logits or `sweeps` is reached.

    Parameters
    ----------
    design : Design
        The session's ratings; its elements are whichever the session touches.
    steps : Steps
        Thresholds of the scale.
    before : Standing
        A new element enters with the mean and variance of its population.

    Returns
    -------
    Standing
        Of the same elements.

    Raises
    ------
    Rejected
        Arrays of the wrong length, or a variance that is negative.
    """
    if not len(before.mean) == len(before.variance) == design.n_elements:
        raise Rejected("there must be a mean and a variance per element", field="before")
    if (before.variance < 0).any():
        raise Rejected("a variance cannot be negative", field="before")
    mean, variance = before.mean.astype(np.float64), before.variance.astype(np.float64)
    moving = variance > 0
    for _ in range(sweeps):
        furthest = 0.0
        for place in range(len(design.ratings.facets)):
            furthest = max(furthest, _swept(design, steps, before, mean, variance, place, moving))
        if furthest < _SETTLED:
            break
    return Standing(mean, variance)


def _swept(
    design: Design,
    steps: Steps,
    before: Standing,
    mean: FloatArray,
    variance: FloatArray,
    place: int,
    moving: BoolArray,
) -> float:
    """Move one facet's elements where they are; how far the furthest went."""
    part = design.slices[place]
    own = np.flatnonzero(moving[part]) + part.start
    if not len(own):
        return 0.0
    found = moments(design.ratings, design.spread(mean), steps, design.spread_variance(variance))
    places, sign = design.index[place], design.sign[place]
    gradient = sign * np.bincount(places, found.residual, design.n_elements)[own]
    precision = 1 / before.variance[own]
    now = 1 / (precision + np.bincount(places, found.variance, design.n_elements)[own])
    move = np.clip(now * (gradient - (mean[own] - before.mean[own]) * precision), -_LONGEST, _LONGEST)
    mean[own] += move
    variance[own] = now
    return float(np.abs(move).max())


def steps_of(sums: FloatArray) -> Steps:
    """Steps from the stored running sums of a scale: infinite where a category is unused."""
    used = np.isfinite(sums)
    numbers = np.arange(sums.shape[1])
    low = np.where(used, numbers, sums.shape[1]).min(axis=1, initial=sums.shape[1])[:, None]
    high = np.where(used, numbers, -1).max(axis=1, initial=-1)[:, None]
    free = used & (numbers > low) & (numbers < high)
    return Steps(np.asarray(sums, dtype=np.float64), used, free, np.zeros(sums.shape))
