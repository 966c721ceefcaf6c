"""Joint maximum likelihood, as Facets and Winsteps estimate: every measure is a parameter.

In sparse designs it is not merely noisy but wrong: thresholds are stretched, intervals too narrow, and identical
raters look different. It is here for parity with those programs; `eb` is the default.

References
----------
Linacre, J. M. (1989). Many-Facet Rasch Measurement. MESA Press.
Wright, B. D. & Masters, G. N. (1982). Rating Scale Analysis. MESA Press.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.extremes import bounds
from annotate.stats.rasch.moments import Moments, moments
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.steps import Steps

_SHORTEST = 1e-4
_ROUGH = 0.05
_SMALL = 0.1
_FURTHEST = 40.0
"""A measure further out than this is on its way to infinity."""
_STILL = 0.05
"""Longest step, in logits, from a place where the scores are met."""
_RUN_AWAY = "measures run away: some elements are compared by one-sided ratings only"


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Where the scores are met, or the place where it was given up."""

    measures: FloatArray
    steps: Steps
    moments: Moments
    n_iter: int
    converged: bool
    message: str
    score_residual: float


def fit_jointly(design: Design, steps: Steps, *, tolerance: float, max_iter: int) -> Joint:
    """Newton's method with halved steps, until no score is further than ``tolerance`` from what is expected.

    The ratings of extreme elements must have been set aside before.
    """
    free = _free(design)
    at = _start(design, steps)
    none = Prior.none(design)
    found = moments(design.ratings, design.spread(at), steps)
    gap = np.inf
    for turn in range(1, max_iter + 1):
        gradient, step_gradient = _gradient(design, steps, found, free)
        gap = float(max(np.abs(gradient).max(initial=0.0), np.abs(step_gradient).max(initial=0.0)))
        curvature = Curvature(design, steps, found, none, free)
        # A direction is as exact as it takes to arrive, if the curve were straight.
        exactness = min(_ROUGH, 0.05 * tolerance / gap) if tolerance < gap < 1 else _ROUGH
        move, step_move = curvature.solved(gradient, step_gradient, tolerance=exactness)
        if gap < tolerance:
            # On the way to infinity scores are met as well as one likes, and the next step is still a long one.
            if np.abs(move).max(initial=0.0) > max(_STILL, tolerance):
                return Joint(at, steps, found, turn, False, _RUN_AWAY, gap)
            return Joint(at, steps, found, turn, True, _said(gap), gap)
        if np.abs(at[free]).max(initial=0.0) > _FURTHEST:
            return Joint(at, steps, found, turn, False, _RUN_AWAY, gap)
        reached = found.log_likelihood
        # The largest arrays there are; the next pass makes them anew.
        del found, curvature
        better = _moved(design, at, steps, reached, move, step_move)
        if better is None:
            message = f"no step raises the likelihood any more; a score is still {gap:.1e} off"
            found = moments(design.ratings, design.spread(at), steps)
            return Joint(at, steps, found, turn, gap < 1e3 * tolerance, message, gap)
        at, steps, found = better
    return Joint(at, steps, found, max_iter, False, f"after {max_iter} rounds a score is {gap:.1e} off", gap)


def _start(design: Design, steps: Steps) -> FloatArray:
    """Log-odds of the share of the possible score that an element got, around the mean of its facet.

    Newton's method from 0 goes about one logit a round where nearly all ratings are the highest.
    """
    low, high = bounds(design.ratings, steps)
    weight = design.ratings.weight
    above = design.gathered(weight * (design.ratings.value - low), signed=False)
    below = design.gathered(weight * (high - design.ratings.value), signed=False)
    odds = np.log((above + _SMALL) / (below + _SMALL))
    at = np.zeros(design.n_elements)
    for place, (part, sign) in enumerate(zip(design.slices, design.sign, strict=True)):
        at[part] = sign * (odds[part] - (odds[part].mean() if place else 0.0))
    held = np.where(design.is_anchored, np.nan_to_num(design.anchors), at)
    return design.within_groups(held, _free(design), design.group_means)


def _free(design: Design) -> BoolArray:
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    return np.asarray(seen & ~design.is_anchored)


def _gradient(design: Design, steps: Steps, found: Moments, free: BoolArray) -> tuple[FloatArray, FloatArray]:
    gradient = np.where(free, design.gathered(found.residual), 0.0)
    # Of a group that is anchored by its mean, scores are met but for what they are off together.
    return design.within_groups(gradient, free), np.where(steps.free, -found.step_residual, 0.0)


def _moved(
    design: Design,
    at: FloatArray,
    steps: Steps,
    reached: float,
    move: FloatArray,
    step_move: FloatArray,
) -> tuple[FloatArray, Steps, Moments] | None:
    """The point after the longest of the halved steps that does not lower the likelihood."""
    length = min(1.0, 4.0 / max(float(np.abs(move).max(initial=0.0)), 1e-300))
    slack = 1e-12 * abs(reached)
    while length > _SHORTEST:
        there, by = at + length * move, steps.moved(length * step_move)
        then = moments(design.ratings, design.spread(there), by)
        if then.log_likelihood >= reached - slack:
            return there, by, then
        length /= 2
    return None


def _said(gap: float) -> str:
    return f"every score is within {gap:.1e} of what is expected"
