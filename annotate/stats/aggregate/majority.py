"""The level that most raters gave."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.evidence import vote_shares
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable


def majority(table: LongTable, *, known: Mapping[Hashable, Hashable] | None = None) -> AggregateFit:
    r"""Share of votes per level; the label is the level with the largest share, and none where levels tie.

    .. math:: T_{ik} = \sum_j n_{ijk} / \sum_{jl} n_{ijl}

    Assumes that every label is worth the same and that raters err alike on every level.

    Parameters
    ----------
    table : LongTable
        Weights count as so many labels.
    known : mapping, optional
        Known answer per item, or per (item, criterion).

    Raises
    ------
    NotEstimable
        No label counts.
    Rejected
        A known answer that is no level.

    References
    ----------
    Condorcet, M. de (1785). Essai sur l'application de l'analyse à la probabilité des décisions rendues à la pluralité
    des voix.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2], rater=["a", "b", "c", "a", "b"], value=["ok", "ok", "bad", "ok", "bad"])
    >>> [(one.unit, one.label, one.tied) for one in majority(table).verdicts()]
    [(1, 'ok', ()), (2, None, ('bad', 'ok'))]
    """
    answers = Answers.of(table, known)
    return shares_as_fit("majority", answers, vote_shares(answers))


def shares_as_fit(
    method: str, answers: Answers, shares: FloatArray, parameters: dict[str, FloatArray] | None = None
) -> AggregateFit:
    """(n_levels, n_units) shares of votes as the fit of a method without a model."""
    K = answers.n_levels
    return AggregateFit(
        method=method,
        units=answers.units,
        raters=answers.raters,
        levels=answers.levels,
        posterior=np.ascontiguousarray(shares.T),
        is_known=answers.is_known,
        prevalence=shares.mean(axis=1),
        counts=answers.counts(shares),
        prior=np.zeros((K, K)),
        log_likelihood=None,
        history=(),
        n_iter=0,
        converged=True,
        message="counted, not fitted: there is no likelihood",
        n_left_out=answers.n_left_out,
        rater_parameters=parameters or {},
    )
