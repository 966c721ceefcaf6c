"""Which values met which on the same item, counted per trace: all that agreement needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable

# Above this many numbers (128 MB) cluster sums stay sparse and each resample is added up on its own.
_DENSE = 1 << 24
# Counting beats sorting while the range of the keys is at most this many times their number.
_WASTE = 8


@dataclass(frozen=True, slots=True, eq=False)
class ClusterSums:
    """Non-negative sums per (cluster, column), most of which may be zero.

    `cluster`, `column` and `amount` are (s,) arrays of the entries, which may name a cell twice; `dense` is
    the (n_clusters, n_columns) matrix when that is small enough to keep.
    """

    cluster: IntArray
    column: IntArray
    amount: FloatArray
    n_clusters: int
    n_columns: int
    dense: FloatArray | None

    @classmethod
    def of(
        cls,
        cluster: IntArray,
        column: IntArray,
        amount: FloatArray,
        n_clusters: int,
        n_columns: int,
    ) -> Self:
        """Collect entries; the dense form is made where it pays."""
        dense = None
        if n_clusters * n_columns <= _DENSE:
            key = cluster * n_columns + column
            flat = np.bincount(key, weights=amount, minlength=n_clusters * n_columns)
            # An empty weighted bincount is still float, but an empty matrix needs its shape said.
            dense = flat.astype(np.float64, copy=False).reshape(n_clusters, n_columns)
        return cls(cluster, column, amount, n_clusters, n_columns, dense)

    def totals(self, weights: FloatArray) -> FloatArray:
        """(b, n_columns) column sums under (b, n_clusters) cluster weights."""
        if self.dense is not None:
            return weights @ self.dense
        sums = np.empty((len(weights), self.n_columns))
        for row, weight in enumerate(weights):
            spread = weight[self.cluster] * self.amount
            sums[row] = np.bincount(self.column, weights=spread, minlength=self.n_columns)
        return sums

    def collapsed(self, factor: FloatArray) -> Self:
        """One column: the sum over columns, each times its (n_columns,) factor."""
        amount = self.amount * factor[self.column]
        return type(self).of(self.cluster, np.zeros_like(self.column), amount, self.n_clusters, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Coincidences:
    r"""Krippendorff's coincidence table, kept apart by cluster.

    Only units with at least two labels take part. For unit u with :math:`n_{uc}` labels of level c and
    :math:`n_u` labels in all,

    * `margins` holds :math:`n_c = \sum_u n_{uc}`, one column per level;
    * `pairs` holds :math:`o_{ck} = \sum_u n_{uc} n_{uk} / (n_u - 1)`, one column per pair ``low < high`` of
      different levels that met at least once;
    * `units` and `agreeing` hold the (n_clusters,) number of units and the sum of their shares of agreeing
      pairs, :math:`\sum_c n_{uc} (n_{uc} - 1) / (n_u (n_u - 1))`.

    The cost grows with the labels and with the distinct pairs of values inside a unit, never with
    raters x units.
    """

    margins: ClusterSums
    pairs: ClusterSums
    low: IntArray
    high: IntArray
    units: FloatArray
    agreeing: FloatArray
    n_labels: int
    n_raters: int

    @property
    def n_clusters(self) -> int:
        return len(self.units)

    @classmethod
    def of(cls, table: LongTable) -> Self:
        """Count the labels of a table; clusters without a pairable unit are left out. Rejects kept repeats."""
        table.refuse_repeats("agreement")
        unit, n_levels = table.unit, len(table.value.vocab)
        size = np.bincount(unit)
        paired = np.flatnonzero(size >= 2)
        home, n_clusters = _homes(table, unit, size)
        cell_unit, level, count = _cells(unit, table.value.codes, size, n_levels)
        first, second = meetings(cell_unit)
        met_unit = cell_unit[first]
        met = count[first] * count[second] / (size[met_unit] - 1)
        pair, column = compressed(level[first] * n_levels + level[second], n_levels * n_levels)
        differing = np.bincount(met_unit, weights=met, minlength=len(size))[paired] * 2 / size[paired]
        agreeing = np.zeros(n_clusters)
        np.add.at(agreeing, home[paired], 1 - differing)
        return cls(
            margins=ClusterSums.of(home[cell_unit], level, count.astype(np.float64), n_clusters, n_levels),
            pairs=ClusterSums.of(home[met_unit], column, met, n_clusters, len(pair)),
            low=pair // n_levels,
            high=pair % n_levels,
            units=np.bincount(home[paired], minlength=n_clusters).astype(np.float64),
            agreeing=agreeing,
            n_labels=int(count.sum()),
            n_raters=_raters(table, unit, size),
        )


def _cells(
    unit: IntArray, level: IntArray, size: IntArray, n_levels: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Unit, level and count of the (unit, level) cells in use, in that order, of pairable units only."""
    key, n_keys = unit * n_levels + level, len(size) * n_levels
    if n_keys > _WASTE * len(key):
        cell, count = np.unique(key, return_counts=True)
    else:
        tally = np.bincount(key, minlength=n_keys)
        cell = np.flatnonzero(tally)
        count = tally[cell]
    cell_unit = cell // n_levels
    if (size == 1).any():
        keep = size[cell_unit] >= 2
        cell, count, cell_unit = cell[keep], count[keep], cell_unit[keep]
    return cell_unit, cell - cell_unit * n_levels, count


def _raters(table: LongTable, unit: IntArray, size: IntArray) -> int:
    """Raters with a label on a pairable unit."""
    rater = table.rater.codes
    return int(np.count_nonzero(np.bincount(rater[size[unit] >= 2] if (size == 1).any() else rater)))


def compressed(code: IntArray, n_codes: int) -> tuple[IntArray, IntArray]:
    """Distinct codes, ascending, and for every entry the place of its code among them."""
    if n_codes > _WASTE * len(code):
        return np.unique(code, return_inverse=True)
    used = np.bincount(code, minlength=n_codes) > 0
    return np.flatnonzero(used), (np.cumsum(used) - 1)[code]


def _homes(table: LongTable, unit: IntArray, size: IntArray) -> tuple[IntArray, int]:
    """(n_units,) cluster of each unit, renumbered over the clusters that hold a pairable unit."""
    home = np.zeros(len(size), dtype=np.int64)
    home[unit] = table.cluster.codes
    used, place = compressed(home[size >= 2], len(table.cluster.vocab))
    home[size >= 2] = place
    return home, len(used)


def meetings(cell_unit: IntArray) -> tuple[IntArray, IntArray]:
    """Indices of every two cells of one unit; `cell_unit` ascends, so partners are at most a few apart."""
    firsts, seconds = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    first = np.arange(len(cell_unit))
    for offset in range(1, len(cell_unit)):
        first = first[: np.searchsorted(first, len(cell_unit) - offset)]
        first = first[cell_unit[first] == cell_unit[first + offset]]
        if not len(first):
            break
        firsts.append(first)
        seconds.append(first + offset)
    return np.concatenate(firsts), np.concatenate(seconds)
