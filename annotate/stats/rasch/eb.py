r"""Variational empirical Bayes: measures are draws from populations, with posteriors of their own.

The posterior of every random element is taken as an independent normal, :math:`N(m, v)`. What maximises the lower bound

.. math:: \sum_r E_{\eta_r \sim N(\sum \pm m, \sum v)} \log P(x_r \mid \eta_r) - \sum KL(N(m, v) \| N(\mu, s^2))

is found with Newton steps for all m, criteria and thresholds at once, :math:`v = 1 / (\sum E V + 1 / s^2)`, and
:math:`\mu` and :math:`s^2` per population. Taking the expectation over both items and raters is what keeps thresholds
from being stretched (joint maximum likelihood) or collapsing (joint posterior mode) where ratings are sparse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import Moments, moments
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.steps import Steps

_LONGEST, _SHORTEST = 2.0, 0.05
_SLACK = 1e-6
_PATIENCE = 50
"""Rounds after which variances move in shorter steps, as they may be going round in a circle."""
_WARY = 0.25
"""Of the way, as a power."""
_ROUGH = 0.03
"""Relative residual at which a Newton step is left: the variances move as well, so a better one would not last."""


@dataclass(frozen=True, slots=True, eq=False)
class Bayes:
    """Where the bound is highest, or the place where it was given up.

    Attributes
    ----------
    measures, variances : (n_elements,) float arrays
        Means and variances of the posteriors as the bound sees them, each given all others; 0 for parameters.
    bound : float
        Lower bound of the log-likelihood.
    """

    measures: FloatArray
    variances: FloatArray
    steps: Steps
    prior: Prior
    moments: Moments
    bound: float
    n_iter: int
    converged: bool
    message: str


@dataclass(slots=True, eq=False)
class _State:
    measures: FloatArray
    variances: FloatArray
    steps: Steps
    prior: Prior


def fit_bayes(
    design: Design, steps: Steps, *, tolerance: float, max_iter: int, start: Bayes | None = None
) -> Bayes:
    """Go on until no measure, threshold or standard deviation moves by ``tolerance`` (logits) any more."""
    seen = design.gathered(design.ratings.weight, signed=False) > 0
    free = seen & ~design.is_anchored
    state = _begun(design, steps, start)
    change, bound, stride = np.inf, -np.inf, 1.0
    for turn in range(1, max_iter + 1):
        before = bound
        state, change, bound = _round(design, state, free, stride, is_patient=turn <= _PATIENCE)
        if change < tolerance:
            return _result(design, state, turn, True, f"nothing moves by more than {change:.1e} logits")
        # Far from the goal a step may overshoot; shorter ones then never do for long.
        has_fallen = bound < before - _SLACK * abs(before)
        stride = max(stride / 2, _SHORTEST) if has_fallen else min(1.0, stride * 1.5)
    return _result(
        design, state, max_iter, False, f"after {max_iter} rounds it still moves by {change:.1e} logits"
    )


def _round(
    design: Design, state: _State, free: BoolArray, stride: float, *, is_patient: bool
) -> tuple[_State, float, float]:
    """The next state, how far anything moved, and the bound before."""
    found = _seen(design, state)
    bound = found.log_likelihood - state.prior.divergence(state.measures, state.variances)
    curvature = Curvature(design, state.steps, found, state.prior, free)
    pushed, by_ratings = design.gathered(found.residual), curvature.by_ratings
    gradient = np.where(free, pushed - state.prior.pull(state.measures), 0.0)
    move, step_move = curvature.solved(
        gradient, np.where(state.steps.free, -found.step_residual, 0.0), tolerance=_ROUGH
    )
    length = min(stride, _LONGEST / max(float(np.abs(move).max(initial=0.0)), 1e-300))
    variances = np.where(state.prior.is_drawn, 1 / np.maximum(curvature.information, 1e-300), 0.0)
    if not is_patient:
        # Far out a wide posterior sees ratings that a narrow one does not, and the other way round in the next round.
        known = np.where(state.prior.is_drawn, state.variances, 1.0)
        variances = np.where(state.prior.is_drawn, known * (variances / known) ** _WARY, 0.0)
    prior = state.prior.updated(state.measures + pushed / np.maximum(by_ratings, 1e-300), by_ratings)
    if not is_patient:
        # Where a handful of ratings decide, measures and variances can chase each other round in a circle.
        prior = prior.with_variance(np.sqrt(prior.variance * state.prior.variance))
    change = max(
        float(np.abs(move).max(initial=0.0)),
        float(np.abs(step_move).max(initial=0.0)),
        float(np.abs(np.sqrt(prior.variance) - np.sqrt(state.prior.variance)).max(initial=0.0)),
    )
    measures, steps = state.measures + length * move, state.steps.moved(length * step_move)
    return _State(measures, variances, steps, prior), change, bound


def _begun(design: Design, steps: Steps, start: Bayes | None) -> _State:
    if start is not None:
        return _State(start.measures, start.variances, start.steps, start.prior)
    prior = Prior.of(design, design.gathered(design.ratings.weight, signed=False) > 0)
    measures = np.where(design.is_anchored, np.nan_to_num(design.anchors), 0.0)
    return _State(measures, np.where(prior.is_drawn, 0.5, 0.0), steps, prior)


def _seen(design: Design, state: _State) -> Moments:
    eta = design.spread(state.measures)
    return moments(design.ratings, eta, state.steps, design.spread_variance(state.variances))


def _result(design: Design, state: _State, n_iter: int, converged: bool, message: str) -> Bayes:
    found = _seen(design, state)
    bound = found.log_likelihood - state.prior.divergence(state.measures, state.variances)
    return Bayes(
        state.measures, state.variances, state.steps, state.prior, found, bound, n_iter, converged, message
    )
