"""Scores of items by parameters: an item's ratings touch few of them, and only those are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray

_MOST_PAIRS = 5_000_000
_BLOCK = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class ItemScores:
    """The cells of an (items, parameters) table that are not 0 for every value of the parameters.

    Attributes
    ----------
    item, column : (E,) int arrays
        Of each cell, by item and then by parameter.
    place : tuple of (n,) int arrays
        The cell that each rating adds to, for every facet and then for every inner category; −1 for none.
    last : (n_items, 2) int array
        Cells of the population's mean and spread, which every item has.
    """

    n_items: int
    size: int
    item: IntArray
    column: IntArray
    place: tuple[IntArray, ...]
    last: IntArray

    @classmethod
    def of(
        cls, item: IntArray, columns: Sequence[tuple[IntArray, BoolArray]], n_items: int, size: int
    ) -> Self:
        """``columns`` are the parameters that each rating depends on, and where it does."""
        everything = np.arange(n_items, dtype=np.int64) * size
        keys = [item[has].astype(np.int64) * size + column[has] for column, has in columns]
        cells = np.unique(np.concatenate([*keys, everything + size - 2, everything + size - 1]))
        place = []
        for (_, has), key in zip(columns, keys, strict=True):
            found = np.full(len(item), -1, dtype=np.int64)
            found[has] = np.searchsorted(cells, key)
            place.append(found)
        last = np.searchsorted(cells, everything[:, None] + [size - 2, size - 1])
        owner, column = np.divmod(cells, size)
        return cls(n_items, size, owner, column, tuple(place), last)

    def __len__(self) -> int:
        return len(self.item)

    def summed(self, place: IntArray, amounts: FloatArray) -> FloatArray:
        """(E,) sums of what the ratings add to their cells."""
        has = place >= 0
        return np.bincount(place[has], amounts[has], len(self)).astype(np.float64)

    def total(self, scores: FloatArray) -> FloatArray:
        """(size,) sums over the items."""
        return np.bincount(self.column, scores, self.size).astype(np.float64)

    def covariance(self, scores: FloatArray, share: FloatArray) -> FloatArray:
        """(size, size) covariances of each item's scores over its nodes, added up.

        ``scores`` is (E, Q), ``share`` (n_items, Q) and adds up to 1.
        """
        weighted = scores * share[self.item]
        mean = weighted.sum(axis=1)
        per_item = np.bincount(self.item, minlength=self.n_items)
        if int((per_item * per_item).sum()) > _MOST_PAIRS:
            return self._dense(scores, share, mean)
        first = np.repeat(np.arange(len(self)), per_item[self.item])
        begin = np.concatenate([[0], np.cumsum(per_item[self.item])])[:-1]
        start = np.concatenate([[0], np.cumsum(per_item)])[:-1]
        second = start[self.item[first]] + np.arange(len(first)) - begin[first]
        cells = np.zeros(self.size * self.size)
        for block in range(0, len(first), _BLOCK):
            one, other = first[block : block + _BLOCK], second[block : block + _BLOCK]
            amount = (weighted[one] * scores[other]).sum(axis=1) - mean[one] * mean[other]
            cells += np.bincount(self.column[one] * self.size + self.column[other], amount, len(cells))
        return cells.reshape(self.size, self.size)

    def _dense(self, scores: FloatArray, share: FloatArray, mean: FloatArray) -> FloatArray:
        """The same where an item has so many cells that a table of all is smaller than that of their pairs."""
        place = self.item * self.size + self.column
        table = np.zeros(self.n_items * self.size)
        table[place] = mean
        whole = table.reshape(self.n_items, self.size)
        covariance = -(whole.T @ whole)
        for q in range(share.shape[1]):
            table[place] = scores[:, q]
            covariance += (share[:, q, None] * whole).T @ whole
        return covariance
