"""Every rater has a confusion matrix of their own."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER, Believed, climb, fit_of
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.evidence import floored_log
from annotate.stats.aggregate.sums import Engine
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable

# Pseudo-labels per cell of a confusion matrix, and more on its diagonal, where none are asked for: enough that no rater
# with a handful of labels is certain of anything.
SMOOTHING = 0.1
DIAGONAL = 0.5


def dawid_skene(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    smoothing: float | None = None,
    diagonal: float | None = None,
    near: float = 0.0,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    engine: Engine = "auto",
) -> AggregateFit:
    r"""The model of Dawid and Skene, by EM from the shares of votes.

    .. math::

        T_{ik} \propto p_k \prod_{jl} \theta_{jkl}^{n_{ijl}}, \qquad p_k = \frac{1}{I} \sum_i T_{ik}, \qquad
        \theta_{jkl} \propto a_{kl} + \sum_i T_{ik} n_{ijl}, \qquad a_{kl} = s + d\, h^{|k - l|}

    with :math:`h = 0` (and :math:`0^0 = 1`) where levels have no order. Assumes that raters err independently once the
    true level is given. Unsmoothed (s = d = 0) it is the maximum of the likelihood nearest to the shares of votes;
    raters with few labels then count as infallible or worse. Smoothed it is the maximum of the posterior under
    Dirichlet(1 + a) rows.

    Parameters
    ----------
    table : LongTable
        Kept repeats are further readings (:math:`n_{ijl}` > 1); weights count as so many labels.
    known : mapping, optional
        Known answer per item, or per (item, criterion): T is clamped there.
    smoothing, diagonal : float, optional
        s and d, at least 0. Without a smoothing both are the defaults, 0.1 and 0.5; where a smoothing is given and a
        diagonal is not, the diagonal is 0.
    near : float
        h, at least 0 and below 1: how much of the diagonal's pseudo-labels each neighbouring level gets, for levels in
        order.
    tol : float, optional
        Stops when an iteration raises the log-likelihood (smoothed: the log-posterior) by less. Without it 1e-9, or
        1e-8 per label where there are more than 500,000; the climb then also takes accelerated steps, and takes back
        those that do not help.
    max_iter : int
    engine : {'auto', 'scipy', 'numpy'}
        How sums are taken; the numbers are the same.

    Raises
    ------
    NotEstimable
        No label counts.
    Rejected
        A known answer that is no level, a negative smoothing, a bad `near` or tolerance.

    References
    ----------
    Dawid, A. P. & Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM algorithm.
    Applied Statistics 28, 20-28. doi:10.2307/2346806

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3,
    ...     value=["ok", "ok", "bad", "bad", "bad", "ok", "ok", "ok", "bad"])
    >>> fit = dawid_skene(table)
    >>> fit.labels(), fit.converged
    (('ok', 'bad', 'ok'), True)
    """
    answers = Answers.of(table, known)
    prior = dirichlet_prior(answers.n_levels, smoothing, diagonal, near)
    summit = climb(answers, FreeRows(prior), can_leap=True, tol=tol, max_iter=max_iter, engine=engine)
    return fit_of("dawid_skene", answers, summit, prior=prior)


def dirichlet_prior(
    n_levels: int, smoothing: float | None, diagonal: float | None, near: float = 0.0
) -> FloatArray:
    """(n_levels, n_levels) pseudo-labels by true and given level; `Rejected` below 0, and for `near` from 1 on."""
    if smoothing is None:
        smoothing, diagonal = SMOOTHING, DIAGONAL if diagonal is None else diagonal
    diagonal = 0.0 if diagonal is None else diagonal
    for name, amount in (("smoothing", smoothing), ("diagonal", diagonal)):
        if not (math.isfinite(amount) and amount >= 0):
            raise Rejected("must be a finite number >= 0", field=name)
    if not 0 <= near < 1:
        raise Rejected("must lie in [0, 1)", field="near")
    distance = np.abs(np.subtract.outer(np.arange(n_levels), np.arange(n_levels)))
    return smoothing + diagonal * np.power(near, distance)


@dataclass(frozen=True, slots=True, eq=False)
class FreeRows:
    """A row of probabilities for every rater and true level."""

    prior: FloatArray

    def __call__(self, counts: FloatArray) -> Believed:
        filled = counts + self.prior.T
        total = filled.sum(axis=1, keepdims=True)
        log_table = floored_log(filled / np.maximum(total, np.finfo(np.float64).tiny))
        is_smooth = bool(self.prior.any())
        return Believed(log_table, float((log_table * self.prior.T).sum()) if is_smooth else 0.0)
