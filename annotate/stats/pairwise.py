"""Who agrees with whom: agreement and Cohen's kappa of every two raters who met."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from annotate.stats.chance import corrected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.coincidence import compressed, meetings
from annotate.stats.groups import Groups
from annotate.stats.table import LongTable
from annotate.stats.weighting import Spacing, Weighting, agreement_weights

Figure: TypeAlias = Literal["n", "agreement", "kappa", "se"]

# Numbers of the pairs x levels tables that are held at once.
_BLOCK = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseAgreement:
    """One entry per two raters who labelled an item in common; nothing is kept for those who never met.

    Attributes
    ----------
    raters : tuple
        The table's raters, in its order.
    first, second : (p,) int arrays
        Places of the two in `raters`, ``first < second``, ascending.
    n : (p,) int array
        Items both labelled.
    agreement : (p,) float array
        Weighted share of agreeing items.
    kappa, se : (p,) float arrays
        As `cohen_kappa`; NaN where both gave one and the same level throughout.
    """

    raters: tuple[Hashable, ...]
    first: IntArray
    second: IntArray
    n: IntArray
    agreement: FloatArray
    kappa: FloatArray
    se: FloatArray

    def matrix(self, figure: Figure) -> FloatArray:
        """(R, R) symmetric; NaN on the diagonal and where two raters never met (0 for ``'n'``)."""
        square = np.full((len(self.raters), len(self.raters)), 0.0 if figure == "n" else np.nan)
        square[self.first, self.second] = square[self.second, self.first] = getattr(self, figure)
        return square


def pairwise_agreement(
    table: LongTable, weighting: Weighting = "identity", *, spacing: Spacing = "places"
) -> PairwiseAgreement:
    """Compare every two raters over the items (or items and criteria) that both labelled.

    Parameters
    ----------
    table : LongTable
        Unweighted.
    weighting, spacing
        See `agreement_weights`.

    Returns
    -------
    PairwiseAgreement
        Time and memory grow with the pairs of labels on an item, not with raters squared.

    Raises
    ------
    Rejected
        A weighted table, or a weighting without an order of the levels.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20(1), 37-46. doi:10.1177/001316446002000104

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 3, 3], rater=["a", "b", "c", "a", "b", "a", "b"], value=[1, 1, 2, 2, 2, 1, 2])
    >>> found = pairwise_agreement(table)
    >>> list(zip(found.first.tolist(), found.second.tolist(), found.n.tolist()))
    [(0, 1, 3), (0, 2, 1), (1, 2, 1)]
    >>> found.kappa.round(2).tolist()
    [0.4, 0.0, 0.0]
    """
    table.refuse_weights("agreement of pairs")
    weights = agreement_weights(table, weighting, spacing)
    q, n_raters = max(len(table.value.vocab), 1), len(table.rater.vocab)
    pair, low, high = _met(table)
    used, place = compressed(pair, n_raters * n_raters)
    cell, which = compressed((place * q + low) * q + high, len(used) * q * q)
    count = np.bincount(which, minlength=len(cell)).astype(np.float64)
    n = np.bincount(place, minlength=len(used))
    agreement, kappa, se = np.full((3, len(used)), np.nan)
    start = Groups.of(cell // (q * q), len(used)).start
    step = max(1, _BLOCK // q)
    for begin in range(0, len(used), step):
        end = min(begin + step, len(used))
        part = slice(start[begin], start[end])
        owner = cell[part] // (q * q) - begin
        levels = cell[part] // q % q, cell[part] % q
        agreement[begin:end], kappa[begin:end], se[begin:end] = _kappas(owner, levels, count[part], weights)
    return PairwiseAgreement(
        table.rater.vocab, used // max(n_raters, 1), used % max(n_raters, 1), n, agreement, kappa, se
    )


def _met(table: LongTable) -> tuple[IntArray, IntArray, IntArray]:
    """For every two labels on one unit: the code of the pair of raters, and the level of either."""
    order = np.argsort(table.unit, kind="stable")
    one, other = meetings(table.unit[order])
    rater, level = table.rater.codes[order], table.value.codes[order]
    swap = rater[one] > rater[other]
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    return rater[one] * len(table.rater.vocab) + rater[other], level[one], level[other]


def _kappas(
    owner: IntArray, levels: tuple[IntArray, IntArray], count: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Agreement, kappa and its error of each pair, from the cells of their cross tables."""
    q, n_pairs = len(weights), int(owner.max()) + 1
    n = np.bincount(owner, weights=count)
    share = count / n[owner]
    rows, columns = (
        np.bincount(owner * q + level, weights=share, minlength=n_pairs * q).reshape(n_pairs, q)
        for level in levels
    )
    credit = weights[levels]
    observed = np.bincount(owner, weights=share * credit).astype(np.float64, copy=False)
    pull = columns @ weights
    expected = (rows * pull).sum(axis=1)
    kappa = corrected(observed, expected)
    apart = pull[owner, levels[0]] + (rows @ weights)[owner, levels[1]]
    spread = np.bincount(owner, weights=share * np.square(credit - (1 - kappa[owner]) * apart))
    spread -= np.square(kappa - expected * (1 - kappa))
    se = np.full(n_pairs, np.nan)
    is_defined = ~np.isnan(kappa)
    room = np.sqrt(n[is_defined]) * (1 - expected[is_defined])
    se[is_defined] = np.sqrt(np.maximum(spread[is_defined], 0)) / room
    return observed, kappa, se
