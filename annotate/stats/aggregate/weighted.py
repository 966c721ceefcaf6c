"""Votes that count as much as the rater is worth."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.answers import Answers
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.evidence import vote_shares
from annotate.stats.aggregate.majority import shares_as_fit
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable


def weighted(
    table: LongTable,
    *,
    rater_weights: Mapping[Hashable, float],
    known: Mapping[Hashable, Hashable] | None = None,
) -> AggregateFit:
    r"""Share of votes per level, every vote multiplied by its rater's weight.

    .. math:: T_{ik} = \sum_j w_j n_{ijk} / \sum_{jl} w_j n_{ijl}

    With accuracies :math:`q_j` on gold, :math:`w_j = q_j` is the common choice; for K equally likely levels and raters
    who err at random, :math:`w_j = \log \frac{(K - 1) q_j}{1 - q_j}` (at least 0) is the best one.

    Parameters
    ----------
    table : LongTable
    rater_weights : mapping
        A finite number of at least 0 for every rater with labels. A rater of weight 0 does not vote, and an item with
        no other raters is left out.
    known : mapping, optional
        Known answer per item, or per (item, criterion).

    Raises
    ------
    NotEstimable
        No label counts.
    Rejected
        A rater without a weight, a bad weight, or a known answer that is no level.

    References
    ----------
    Nitzan, S. & Paroush, J. (1982). Optimal decision rules in uncertain dichotomous choice situations. International
    Economic Review 23, 289-297. doi:10.2307/2526438

    Examples
    --------
    >>> table = LongTable.from_columns(item=[1, 1, 1], rater=["a", "b", "c"], value=["ok", "bad", "bad"])
    >>> weighted(table, rater_weights={"a": 0.9, "b": 0.4, "c": 0.4}).labels()
    ('ok',)
    """
    voice = _voice(table, rater_weights)
    per_label = voice[table.rater.codes]
    weight = per_label if table.weight is None else table.weight * per_label
    answers = Answers.of(replace(table, weight=weight), known)
    return shares_as_fit("weighted", answers, vote_shares(answers), {"weight": voice})


def _voice(table: LongTable, rater_weights: Mapping[Hashable, float]) -> FloatArray:
    """(n_raters,) weights; 0 for raters of the vocabulary who have no label."""
    voice = np.zeros(len(table.rater.vocab))
    for code in np.unique(table.rater.codes).tolist():
        rater = table.rater.vocab[code]
        row = int(table.row[int(np.argmax(table.rater.codes == code))])
        if rater not in rater_weights:
            raise Rejected(f"the rater {rater!r} has no weight", row=row, field="rater_weights")
        voice[code] = rater_weights[rater]
        if not (math.isfinite(voice[code]) and voice[code] >= 0):
            raise Rejected(
                f"the weight of {rater!r} must be a finite number >= 0", row=row, field="rater_weights"
            )
    return voice
