"""Expectation and maximisation by turns, for models in which a rater's label depends on the true level alone.

A model turns expected counts into the logarithm of its confusion table and a penalty; the climb does the rest. The
objective, :math:`\\sum_i \\log \\sum_k p_k \\prod_{jl} \\theta_{jkl}^{n_{ijl}}` plus the penalty, never falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.evidence import LEAST, floored_log, posterior_of, vote_shares
from annotate.stats.aggregate.sums import Engine, Sums, sums_of
from annotate.stats.codes import FloatArray

TOLERANCE = 1e-9
MAX_ITER = 10_000
# With more labels than this the likelihood's own rounding comes near the tolerance, and the slow end of a climb takes
# minutes: the tolerance is then per label, and models that allow it leap.
MANY = 500_000
PER_LABEL = 1e-8
_LONGEST_LEAP = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Believed:
    """A model's parameters: (n_raters, given level, true level) log-probabilities, and the penalty beside them."""

    log_table: FloatArray
    penalty: float


class Model(Protocol):
    def __call__(self, counts: FloatArray) -> Believed:
        """The parameters that follow from (n_raters, given level, true level) expected counts."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Summit:
    """Where a climb ended: (n_levels, n_units) posterior, (n_levels,) prevalence, and how it went."""

    posterior: FloatArray
    prevalence: FloatArray
    history: tuple[float, ...]
    n_iter: int
    log_likelihood: float
    converged: bool
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Expected counts (n_raters, given level, true level) and the prevalence (n_levels,) that go with them."""

    counts: FloatArray
    prevalence: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a point's parameters say of the units, how good they are, and the point that follows from it."""

    point: Point
    posterior: FloatArray
    log_likelihood: float
    objective: float
    following: Point


def climb(
    answers: Answers,
    model: Model,
    *,
    start: Summit | None = None,
    is_even: bool = False,
    can_leap: bool = False,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    engine: Engine = "auto",
    sums: Sums | None = None,
) -> Summit:
    """Climb from the shares of votes until an iteration raises the objective by less than `tol`.

    Parameters
    ----------
    start : Summit, optional
        Where an earlier climb of the same model stopped.
    is_even : bool
        Hold the prevalence at 1 / K instead of at the posterior's mean.
    can_leap : bool
        The model keeps no state, so that beyond `MANY` labels the climb may try long steps and take them back.
    tol : float, optional
        1e-9 without it, or 1e-8 per label beyond `MANY`.

    Raises
    ------
    Rejected
        A tolerance below 0, or no iterations.
    """
    n = len(answers.unit)
    tol = tolerance_for(n, tol, max_iter)
    sums = sums or sums_of(answers, engine)
    posterior = vote_shares(answers) if start is None else start.posterior
    view = _look(answers, model, sums, _point(answers, sums, posterior, is_even), is_even)
    history = [] if start is None else list(start.history)
    history.append(view.objective)
    n_iter, longest, converged = len(history), _LONGEST_LEAP, False
    while not converged and n_iter < max_iter:
        before, view = view, _look(answers, model, sums, view.following, is_even)
        n_iter += 1
        history.append(view.objective)
        converged = view.objective - before.objective < tol
        if can_leap and n > MANY and not converged and n_iter < max_iter:
            there, length = _leap(before.point, view.point, view.following, longest)
            landed = _look(answers, model, sums, there, is_even)
            n_iter += 1
            if landed.objective >= view.objective:
                view = landed
                history.append(view.objective)
                longest = longest * 2 if length == longest else longest
            else:
                longest = max(longest / 2, 2.0)
    return Summit(
        posterior=view.posterior,
        prevalence=view.point.prevalence,
        history=tuple(history),
        n_iter=n_iter,
        log_likelihood=view.log_likelihood,
        converged=converged,
        message=how_it_ended(history, n_iter, converged=converged, tol=tol),
    )


def _look(answers: Answers, model: Model, sums: Sums, point: Point, is_even: bool) -> View:
    believed = model(point.counts)
    scores = sums.to_units(believed.log_table.reshape(-1, answers.n_levels))
    scores += floored_log(point.prevalence)[:, None]
    posterior, log_likelihood = posterior_of(answers, scores)
    following = _point(answers, sums, posterior, is_even)
    return View(point, posterior, log_likelihood, log_likelihood + believed.penalty, following)


def _point(answers: Answers, sums: Sums, posterior: FloatArray, is_even: bool) -> Point:
    K = answers.n_levels
    counts = sums.to_cells(posterior).reshape(answers.n_raters, K, K)
    return Point(counts, np.full(K, 1 / K) if is_even else posterior.mean(axis=1))


def _leap(first: Point, second: Point, third: Point, longest: float) -> tuple[Point, float]:
    """Where three points in a row lead to, by the step S3 of Varadhan & Roland (2008).

    doi:10.1111/j.1467-9469.2007.00585.x. Counts that would be negative are the third point's.
    """
    way = second.counts - first.counts
    turn = third.counts - second.counts - way
    length = float(np.sqrt((way * way).sum() / max(float((turn * turn).sum()), LEAST)))
    length = min(max(length, 1.0), longest)
    counts = first.counts + 2 * length * way + length * length * turn
    way_p = second.prevalence - first.prevalence
    turn_p = third.prevalence - second.prevalence - way_p
    prevalence = first.prevalence + 2 * length * way_p + length * length * turn_p
    prevalence = np.where(prevalence > 0, prevalence, third.prevalence)
    return Point(np.where(counts > 0, counts, third.counts), prevalence / prevalence.sum()), length


def tolerance_for(n_labels: int, tol: float | None, max_iter: int) -> float:
    """The tolerance that was asked for, or the default; `Rejected` below 0, and for no iterations."""
    if tol is None:
        tol = TOLERANCE if n_labels <= MANY else PER_LABEL * n_labels
    if not tol >= 0:
        raise Rejected("must be 0 or more", field="tol")
    if max_iter < 1:
        raise Rejected("must be 1 or more", field="max_iter")
    return tol


def how_it_ended(history: list[float], n_iter: int, *, converged: bool, tol: float) -> str:
    if converged:
        return f"the objective rose by less than {tol:g} after {n_iter} iterations"
    rise = (
        f"; the last one raised the objective by {history[-1] - history[-2]:.3g}" if len(history) > 1 else ""
    )
    return f"stopped after {n_iter} iterations without converging{rise}"


def fit_of(
    method: str,
    answers: Answers,
    summit: Summit,
    *,
    prior: FloatArray | None = None,
    log_likelihood: float | None = None,
    rater_parameters: dict[str, FloatArray] | None = None,
    unit_parameters: dict[str, FloatArray] | None = None,
) -> AggregateFit:
    """A summit in the shape every method returns; the log-likelihood is the summit's unless given."""
    K = answers.n_levels
    return AggregateFit(
        method=method,
        units=answers.units,
        raters=answers.raters,
        levels=answers.levels,
        posterior=np.ascontiguousarray(summit.posterior.T),
        is_known=answers.is_known,
        prevalence=summit.posterior.mean(axis=1),
        counts=answers.counts(summit.posterior),
        prior=np.zeros((K, K)) if prior is None else prior,
        log_likelihood=summit.log_likelihood if log_likelihood is None else log_likelihood,
        history=summit.history,
        n_iter=summit.n_iter,
        converged=summit.converged,
        message=summit.message,
        n_left_out=answers.n_left_out,
        rater_parameters=rater_parameters or {},
        unit_parameters=unit_parameters or {},
    )
