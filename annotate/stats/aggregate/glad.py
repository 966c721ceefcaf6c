"""Raters have an ability and items a difficulty."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER, Summit, fit_of, how_it_ended, tolerance_for
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.evidence import floored_log, posterior_of, vote_shares
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.table import LongTable

# Both priors are Normal(1, 1), as in the paper.
_MEAN = 1.0
# No step of a log-easiness or an ability is longer; the curvature says little that far away.
_LONGEST = 2.0
_HALVINGS = 8


def glad(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    is_even: bool = False,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
) -> AggregateFit:
    r"""GLAD: the chance of a right label depends on the rater's ability and the item's easiness.

    .. math::

        P(l_{ij} = k \mid k) = \sigma(\alpha_j e^{b_i}), \qquad
        P(l_{ij} = l \ne k \mid k) = \frac{1 - \sigma(\alpha_j e^{b_i})}{K - 1}, \qquad
        \alpha_j \sim N(1, 1), \; b_i \sim N(1, 1)

    By EM on the log-posterior; the abilities, then the easinesses, take a Newton step each time, halved for whoever it
    does not help, so that the log-posterior never falls. An ability below 0 is that of a rater who knows and says
    otherwise. Errors are spread evenly over the other levels.

    Parameters
    ----------
    table, known, tol, max_iter
        As in `dawid_skene`.
    is_even : bool
        Hold the prevalence at 1 / K, as in the paper, instead of learning it.

    Returns
    -------
    AggregateFit
        ``rater_parameters["ability"]`` (n_raters,), NaN for a rater without labels, and
        ``unit_parameters["log_easiness"]`` (n_units,). ``log_likelihood`` is without the priors; ``history`` is the
        log-posterior up to a constant.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        A known answer that is no level, a bad tolerance.

    References
    ----------
    Whitehill, J., Ruvolo, P., Wu, T., Bergsma, J. & Movellan, J. (2009). Whose vote should count more: optimal
    integration of labels from labelers of unknown expertise. NIPS 22, 2035-2043.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 0, 0, 0, 1, 1, 1, 1])
    >>> fit = glad(table)
    >>> fit.labels(), bool(fit.rater_parameters["ability"][0] > fit.rater_parameters["ability"][2])
    ((1, 0, 1), True)
    """
    answers = Answers.of(table, known)
    tol = tolerance_for(len(answers.unit), tol, max_iter)
    answers.need_two_levels("GLAD")
    state = State(np.full(answers.n_raters, _MEAN), np.full(answers.n_units, _MEAN))
    prevalence = vote_shares(answers).mean(axis=1)
    even = np.full(answers.n_levels, 1 / answers.n_levels)
    history: list[float] = []
    converged = False
    while True:
        prevalence = even if is_even else prevalence
        posterior, log_likelihood = _expected(answers, state, prevalence)
        history.append(log_likelihood + state.log_prior)
        converged = len(history) > 1 and history[-1] - history[-2] < tol
        if converged or len(history) == max_iter:
            break
        right = posterior[answers.level, answers.unit]
        state = state.with_better_ability(answers, right).with_better_easiness(answers, right)
        prevalence = posterior.mean(axis=1)
    summit = Summit(
        posterior=posterior,
        prevalence=prevalence,
        history=tuple(history),
        n_iter=len(history),
        log_likelihood=log_likelihood,
        converged=converged,
        message=how_it_ended(history, len(history), converged=converged, tol=tol),
    )
    has_labels = np.bincount(answers.rater, minlength=answers.n_raters) > 0
    ability = np.where(has_labels, state.ability, np.nan)
    return fit_of(
        "glad",
        answers,
        summit,
        rater_parameters={"ability": ability},
        unit_parameters={"log_easiness": state.log_easiness},
    )


@dataclass(frozen=True, slots=True, eq=False)
class State:
    ability: FloatArray
    log_easiness: FloatArray

    @property
    def log_prior(self) -> float:
        return -float(((self.ability - _MEAN) ** 2).sum() + ((self.log_easiness - _MEAN) ** 2).sum()) / 2

    def with_better_ability(self, answers: Answers, right: FloatArray) -> State:
        """One Newton step per rater; the expected log-likelihood is concave in the ability."""
        reach = np.exp(self.log_easiness)[answers.unit]
        rater, size = answers.rater, answers.n_raters
        pull, bend = _slopes(self.ability[rater] * reach, right, answers.weight)
        step = _sum(rater, pull * reach, size) - (self.ability - _MEAN)
        step /= _sum(rater, bend * reach * reach, size) + 1.0

        def gain(ability: FloatArray) -> FloatArray:
            score = ability[rater] * reach
            return _sum(rater, _gains(score, right, answers.weight), size) - (ability - _MEAN) ** 2 / 2

        return replace(self, ability=_stepped(self.ability, step, gain))

    def with_better_easiness(self, answers: Answers, right: FloatArray) -> State:
        """One step of Fisher's scoring per unit."""
        skill = self.ability[answers.rater]
        score = skill * np.exp(self.log_easiness)[answers.unit]
        pull, bend = _slopes(score, right, answers.weight)
        step = _sum_units(answers, pull * score) - (self.log_easiness - _MEAN)
        step /= _sum_units(answers, bend * score * score) + 1.0

        def gain(log_easiness: FloatArray) -> FloatArray:
            moved = skill * np.exp(log_easiness)[answers.unit]
            return _sum_units(answers, _gains(moved, right, answers.weight)) - (log_easiness - _MEAN) ** 2 / 2

        return replace(self, log_easiness=_stepped(self.log_easiness, step, gain))


def _expected(answers: Answers, state: State, prevalence: FloatArray) -> tuple[FloatArray, float]:
    score = state.ability[answers.rater] * np.exp(state.log_easiness)[answers.unit]
    spread = float(np.log(answers.n_levels - 1))
    wrong = -_softplus(score) - spread
    # log σ(s) − log(1 − σ(s)) = s
    edge = score + spread
    if answers.weight is not None:
        wrong, edge = wrong * answers.weight, edge * answers.weight
    shape = (answers.n_levels, answers.n_units)
    place = answers.level * answers.n_units + answers.unit
    scores = _sum(place, edge, shape[0] * shape[1]).reshape(shape)
    scores += _sum_units(answers, wrong) + floored_log(prevalence)[:, None]
    return posterior_of(answers, scores)


def _slopes(score: FloatArray, right: FloatArray, weight: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """First and minus the second derivative of each label's expected log-likelihood in its score."""
    chance = np.exp(-_softplus(-score))
    pull, bend = right - chance, chance * (1 - chance)
    return (pull, bend) if weight is None else (pull * weight, bend * weight)


def _gains(score: FloatArray, right: FloatArray, weight: FloatArray | None) -> FloatArray:
    gains = right * score - _softplus(score)
    return gains if weight is None else gains * weight


def _stepped(at: FloatArray, step: FloatArray, gain: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Each entry moved by its step, halved until it gains; entries that cannot gain stay."""
    step = np.clip(step, -_LONGEST, _LONGEST)
    before = gain(at)
    is_open: BoolArray = np.ones(len(at), dtype=np.bool_)
    for _ in range(_HALVINGS):
        there = at + step
        is_open = gain(there) < before
        if not is_open.any():
            return there
        step = np.where(is_open, step / 2, step)
    return np.where(is_open, at, at + step)


def _softplus(x: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), dtype=np.float64)


def _sum(place: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def _sum_units(answers: Answers, values: FloatArray) -> FloatArray:
    return np.asarray(np.add.reduceat(values, answers.start), dtype=np.float64)
