"""Confusion matrices of raters who come from one population."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER, Believed, climb, fit_of
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dirichlet import SharedPrior, divergence, expected_log
from annotate.stats.aggregate.evidence import log_likelihood_under
from annotate.stats.aggregate.sums import Engine, sums_of
from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.table import LongTable

# Pseudo-labels of every row before anything is learnt, in proportion to the pooled rows.
_FIRST_STRENGTH = 10.0
# Added to the pooled rows, so that no level is impossible for everybody.
_FIRST_FLOOR = 0.1


def hierarchical(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    shape: float = 1.1,
    rate: float = 0.1,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    engine: Engine = "auto",
) -> AggregateFit:
    r"""Dawid–Skene whose rows share Dirichlet priors learnt from all raters, by variational empirical Bayes.

    .. math::

        \theta_{jk\cdot} \sim \mathrm{Dirichlet}(\beta_{k\cdot}), \qquad
        q(\theta_{jk\cdot}) = \mathrm{Dirichlet}(\beta_{k\cdot} + N_{jk\cdot}), \qquad
        T_{ik} \propto p_k \exp \sum_{jl} n_{ijl} E_q \log \theta_{jkl}

    The :math:`\beta` maximise the evidence lower bound, with a gamma hyperprior on each. A rater with few labels is
    taken for a typical one, a rater with many for what they are. The learnt priors are the fit's `prior`;
    ``log_likelihood`` is taken at the posterior means, and ``history`` is the bound.

    Parameters
    ----------
    table, known, tol, max_iter, engine
        As in `dawid_skene`.
    shape, rate : float
        Of the hyperprior, at least 1 and above 0. A shape above 1 keeps a handful of labels from making a prior
        nothing; the smaller the rate, the surer of itself a prior may become where raters are much alike.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        A known answer that is no level, a shape or rate out of range, a bad tolerance.

    References
    ----------
    Paun, S., Carpenter, B., Chamberlain, J., Hovy, D., Kruschwitz, U. & Poesio, M. (2018). Comparing Bayesian models
    of annotation. TACL 6, 571-585. doi:10.1162/tacl_a_00040
    Kim, H.-C. & Ghahramani, Z. (2012). Bayesian classifier combination. AISTATS, PMLR 22, 619-627.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 0, 0, 0, 1, 1, 1, 1])
    >>> hierarchical(table).labels()
    (1, 0, 1)
    """
    if not (math.isfinite(shape) and shape >= 1):
        raise Rejected("must be a finite number >= 1", field="shape")
    if not (math.isfinite(rate) and rate > 0):
        raise Rejected("must be a positive number", field="rate")
    answers = Answers.of(table, known)
    answers.need_two_levels("hierarchical Dawid–Skene")
    has_labels = np.bincount(answers.rater, minlength=answers.n_raters) > 0
    rows = LearntRows(has_labels, shape, rate)
    sums = sums_of(answers, engine)
    summit = climb(answers, rows, tol=tol, max_iter=max_iter, sums=sums)
    means = rows.alpha / rows.alpha.sum(axis=2, keepdims=True)
    log_likelihood = log_likelihood_under(answers, means.transpose(0, 2, 1), summit.prevalence, sums)
    return fit_of("hierarchical", answers, summit, prior=rows.beta, log_likelihood=log_likelihood)


class LearntRows:
    """Dirichlet rows `alpha` (n_raters, true, given) around the population's `beta` (true, given)."""

    def __init__(self, has_labels: BoolArray, shape: float, rate: float) -> None:
        self.has_labels = has_labels
        self.shape = shape
        self.rate = rate
        self.beta: FloatArray = np.empty((0, 0))
        self.alpha: FloatArray = np.empty((0, 0, 0))

    def __call__(self, counts: FloatArray) -> Believed:
        by_true = counts.transpose(0, 2, 1)
        if not self.beta.size:
            pooled = by_true.sum(axis=0) + _FIRST_FLOOR
            self.beta = _FIRST_STRENGTH * pooled / pooled.sum(axis=1, keepdims=True)
        shared = SharedPrior(by_true[self.has_labels], self.shape, self.rate)
        self.beta = shared.raised(self.beta)
        self.alpha = self.beta + by_true
        loss = divergence(self.alpha[self.has_labels], self.beta) - float(
            shared.log_hyperprior(self.beta).sum()
        )
        return Believed(np.ascontiguousarray(expected_log(self.alpha).transpose(0, 2, 1)), -loss)
