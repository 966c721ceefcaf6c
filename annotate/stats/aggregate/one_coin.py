"""Every rater has one number: how often they are right."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.climb import MAX_ITER, Believed, climb, fit_of
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dirichlet_prior
from annotate.stats.aggregate.evidence import floored_log
from annotate.stats.aggregate.sums import Engine
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable


def one_coin(
    table: LongTable,
    *,
    known: Mapping[Hashable, Hashable] | None = None,
    smoothing: float | None = None,
    diagonal: float | None = None,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    engine: Engine = "auto",
) -> AggregateFit:
    r"""Dawid–Skene with one accuracy per rater and errors spread evenly, by EM from the shares of votes.

    .. math::

        \theta_{jkl} = q_j [k = l] + \frac{1 - q_j}{K - 1} [k \ne l], \qquad
        q_j = \frac{s + d + \sum_{ik} T_{ik} n_{ijk}}{K s + d + \sum_{il} n_{ijl}}

    Needs fewer labels per rater than Dawid–Skene; cannot see that a rater is strict, or mixes up two levels. The
    parameters are those of `dawid_skene`; the accuracies are ``rater_parameters["accuracy"]``, NaN for a rater without
    labels.

    Raises
    ------
    NotEstimable
        No label counts, or there is only one level.
    Rejected
        As `dawid_skene`.

    References
    ----------
    Zhang, Y., Chen, X., Zhou, D. & Jordan, M. I. (2016). Spectral methods meet EM: a provably optimal algorithm for
    crowdsourcing. Journal of Machine Learning Research 17(102), 1-44. arXiv:1406.3824

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 0, 0, 0, 1, 1, 1, 1])
    >>> fit = one_coin(table, smoothing=1)
    >>> fit.labels(), fit.rater_parameters["accuracy"].round(2).tolist()
    ((1, 0, 1), [0.75, 0.75, 0.42])
    """
    answers = Answers.of(table, known)
    answers.need_two_levels("one-coin Dawid–Skene")
    prior = dirichlet_prior(answers.n_levels, smoothing, diagonal)
    coin = OneCoin(right=float(prior[0, 0]), wrong=float(prior[0, 1:].sum()))
    summit = climb(answers, coin, can_leap=True, tol=tol, max_iter=max_iter, engine=engine)
    counts = answers.counts(summit.posterior).transpose(0, 2, 1)
    accuracy = np.where(counts.sum(axis=(1, 2)) > 0, coin.accuracy(counts), np.nan)
    return fit_of("one_coin", answers, summit, prior=prior, rater_parameters={"accuracy": accuracy})


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Pseudo-labels that are right and wrong are added to every rater's."""

    right: float
    wrong: float

    def accuracy(self, counts: FloatArray) -> FloatArray:
        """(n_raters,) from (n_raters, given, true) counts; 0 where there is nothing to go by."""
        right = np.trace(counts, axis1=1, axis2=2) + self.right
        total = counts.sum(axis=(1, 2)) + self.right + self.wrong
        return np.asarray(right / np.maximum(total, np.finfo(np.float64).tiny), dtype=np.float64)

    def __call__(self, counts: FloatArray) -> Believed:
        K = counts.shape[1]
        accuracy = np.minimum(self.accuracy(counts), 1.0)
        log_right, log_wrong = floored_log(accuracy), floored_log((1 - accuracy) / (K - 1))
        log_table = np.where(np.eye(K, dtype=np.bool_), log_right[:, None, None], log_wrong[:, None, None])
        penalty = self.right * log_right + self.wrong * log_wrong if self.right or self.wrong else np.zeros(1)
        return Believed(log_table, float(penalty.sum()))
