"""Every rater either knows or makes something up."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER, Believed, Summit, climb, fit_of
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dirichlet import divergence, expected_log
from annotate.stats.aggregate.evidence import log_likelihood_under
from annotate.stats.aggregate.sums import Engine, sums_of
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable

# Iterations of every beginning, as in the paper; and how far apart two peaks are at least.
_TRIAL = 50
_SAME = 1e-6


def mace(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    knowing: float = 0.5,
    strategy: float = 10.0,
    restarts: int = 10,
    seed: int = 0,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    engine: Engine = "auto",
) -> AggregateFit:
    r"""MACE: with probability :math:`\theta_j` rater j knows and gives the true level, else one out of a habit.

    .. math::

        \theta_{jkl} = \theta_j [k = l] + (1 - \theta_j) \xi_{jl}, \qquad
        \theta_j \sim \mathrm{Beta}(a, a), \qquad \xi_j \sim \mathrm{Dirichlet}(c, \dots, c)

    Fitted by variational Bayes with every level equally likely beforehand, as in the paper. The bound has many peaks:
    `restarts` random beginnings and one in which everybody knows half the time are tried for 50 iterations, and the
    highest is climbed to its end. Finds raters who click without looking; cannot see which levels a rater mixes up.

    Parameters
    ----------
    table, known, tol, max_iter, engine
        As in `dawid_skene`.
    knowing, strategy : float
        a and c, positive.
    restarts : int
        Random beginnings, 0 or more.
    seed : int
        The same seed gives the same fit.

    Returns
    -------
    AggregateFit
        ``rater_parameters``: ``"knows"`` (n_raters,), posterior means of :math:`\theta_j`, and ``"habit"`` (n_raters,
        n_levels), of :math:`\xi_j`. ``log_likelihood`` is taken at these means; ``history`` is the bound.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        A known answer that is no level, a prior that is not positive, negative restarts, a bad tolerance.

    References
    ----------
    Hovy, D., Berg-Kirkpatrick, T., Vaswani, A. & Hovy, E. (2013). Learning whom to trust with MACE. NAACL-HLT,
    1120-1130. https://aclanthology.org/N13-1132

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 1, 0, 0, 1, 1, 1, 1])
    >>> mace(table).labels()
    (1, 0, 1)
    """
    _check(knowing, strategy, restarts)
    answers = Answers.of(table, known)
    answers.need_two_levels("MACE")
    sums = sums_of(answers, engine)
    rng = np.random.default_rng(seed)
    even = np.full((answers.n_raters, answers.n_levels), 0.5)
    beginnings = [even, *(rng.random(even.shape) for _ in range(restarts))]
    tries: list[tuple[Summit, Habits]] = []
    for share in beginnings:
        model = Habits(knowing, strategy, share)
        some = min(_TRIAL, max_iter)
        tries.append((climb(answers, model, is_even=True, tol=tol, max_iter=some, sums=sums), model))
    # Of beginnings that lead to one peak the first is kept, whatever the last digits say.
    highest = max(summit.history[-1] for summit, _ in tries)
    summit, model = next(one for one in tries if one[0].history[-1] > highest - _SAME)
    if not summit.converged and summit.n_iter < max_iter:
        summit = climb(answers, model, start=summit, is_even=True, tol=tol, max_iter=max_iter, sums=sums)
    knows, habit = model.means()
    log_likelihood = log_likelihood_under(answers, _table(knows, habit), summit.prevalence, sums)
    return fit_of(
        "mace",
        answers,
        summit,
        log_likelihood=log_likelihood,
        rater_parameters={"knows": knows, "habit": habit},
    )


class Habits:
    """Beta(`alpha`) for whether each rater knows, (n_raters, 2); Dirichlet(`gamma`) habits (n_raters, n_levels).

    `share` (n_raters, n_levels) is the probability that a rater knew who gave the true level, which the expected counts
    are split by.
    """

    def __init__(self, knowing: float, strategy: float, share: FloatArray) -> None:
        self.prior_alpha = np.full(2, knowing)
        self.strategy = strategy
        self.share = share
        self.alpha: FloatArray = np.empty((0, 2))
        self.gamma: FloatArray = np.empty((0, 0))

    def __call__(self, counts: FloatArray) -> Believed:
        right = np.diagonal(counts, axis1=1, axis2=2)
        given = counts.sum(axis=2)
        knew = right * self.share
        made_up = given - knew
        self.alpha = self.prior_alpha + np.stack([knew.sum(axis=1), made_up.sum(axis=1)], axis=1)
        self.gamma = self.strategy + made_up
        log_knows = expected_log(self.alpha)
        log_habit = log_knows[:, 1:] + expected_log(self.gamma)
        log_right = np.logaddexp(log_knows[:, :1], log_habit)
        self.share = np.exp(log_knows[:, :1] - log_right)
        is_right = np.eye(given.shape[1], dtype=np.bool_)
        log_table = np.where(is_right, log_right[:, :, None], log_habit[:, :, None])
        loss = divergence(self.alpha, self.prior_alpha) + divergence(
            self.gamma, np.full(given.shape[1], self.strategy)
        )
        return Believed(log_table, -loss)

    def means(self) -> tuple[FloatArray, FloatArray]:
        """Posterior means of knowing (n_raters,) and of the habits (n_raters, n_levels)."""
        knows = self.alpha[:, 0] / self.alpha.sum(axis=1)
        return knows, self.gamma / self.gamma.sum(axis=1, keepdims=True)


def _table(knows: FloatArray, habit: FloatArray) -> FloatArray:
    """(n_raters, given level, true level) probabilities."""
    right = knows[:, None, None] * np.eye(habit.shape[1])
    return np.asarray(right + ((1 - knows)[:, None] * habit)[:, :, None], dtype=np.float64)


def _check(knowing: float, strategy: float, restarts: int) -> None:
    for name, amount in (("knowing", knowing), ("strategy", strategy)):
        if not (math.isfinite(amount) and amount > 0):
            raise Rejected("must be a positive number", field=name)
    if restarts < 0:
        raise Rejected("must be 0 or more", field="restarts")
