"""How often each item got each label, kept apart by trace: what chance-corrected agreement is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.coincidence import ClusterSums, compressed, meetings
from annotate.stats.table import LongTable


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    r"""The (unit, level) cells in use; a unit is an item, or an (item, criterion) pair, with a label or more.

    `unit`, `level` and `count` are (s,) arrays, in the order of units and levels: :math:`r_{ik}` labels of
    level k on unit i. `size` is (n_units,), :math:`r_i = \sum_k r_{ik}`; `home` the (n_units,) cluster of each
    unit, numbered 0..n_clusters - 1; `row_unit` the (n,) unit of each row of the table.
    """

    unit: IntArray
    level: IntArray
    count: FloatArray
    size: IntArray
    home: IntArray
    row_unit: IntArray
    n_levels: int
    n_clusters: int
    n_raters: int

    @classmethod
    def of(cls, table: LongTable) -> Self:
        """Count a table without weights."""
        code = table.unit
        used, row_unit = compressed(code, int(code.max()) + 1 if len(code) else 0)
        n_levels = len(table.value.vocab)
        key = row_unit * n_levels + table.value.codes
        cell, place = compressed(key, len(used) * n_levels)
        home = np.zeros(len(used), dtype=np.int64)
        home[row_unit] = table.cluster.codes
        clusters, home = compressed(home, len(table.cluster.vocab))
        return cls(
            unit=cell // max(n_levels, 1),
            level=cell % max(n_levels, 1),
            count=np.bincount(place, minlength=len(cell)).astype(np.float64),
            size=np.bincount(row_unit, minlength=len(used)),
            home=home,
            row_unit=row_unit,
            n_levels=n_levels,
            n_clusters=len(clusters),
            n_raters=int(np.count_nonzero(np.bincount(table.rater.codes))) if len(table) else 0,
        )

    @property
    def n_units(self) -> int:
        return len(self.size)

    @property
    def paired(self) -> BoolArray:
        """(n_units,) true where two labels can be compared."""
        return self.size >= 2

    @property
    def is_cross_table(self) -> bool:
        """True for two raters who both labelled every unit."""
        return self.n_raters == 2 and bool((self.size == 2).all())

    def agreement(self, weights: FloatArray) -> FloatArray:
        r"""(n_units,) credit of the pairs of labels on a unit, 0 where there is no pair:
        :math:`\sum_{kl} w_{kl} (r_{ik} r_{il} - [k=l] r_{ik}) / (r_i (r_i - 1))`, for symmetric weights.
        """
        credit = np.bincount(self.unit, weights=self.count * (self.count - 1), minlength=self.n_units)
        if np.count_nonzero(weights) > len(weights):
            first, second = meetings(self.unit)
            met = 2 * weights[self.level[first], self.level[second]] * self.count[first] * self.count[second]
            credit = credit + np.bincount(self.unit[first], weights=met, minlength=self.n_units)
        pairs = self.size * (self.size - 1)
        share: FloatArray = credit / np.where(pairs > 0, pairs, 1)
        return share

    def mean_of(self, amount: FloatArray) -> FloatArray:
        r"""(n_units,) mean of the (n_levels,) `amount` over the labels of a unit."""
        total = np.bincount(self.unit, weights=self.count * amount[self.level], minlength=self.n_units)
        mean: FloatArray = total / self.size
        return mean

    def by_cluster(self, amount: FloatArray | BoolArray) -> FloatArray:
        """(n_clusters,) sums of an (n_units,) `amount`."""
        sums = np.bincount(self.home, weights=amount, minlength=self.n_clusters)
        return sums.astype(np.float64, copy=False)

    def shares(self) -> ClusterSums:
        r"""Sums of :math:`r_{ik} / r_i`, one column per level: each unit counts once."""
        share = self.count / self.size[self.unit]
        return ClusterSums.of(self.home[self.unit], self.level, share, self.n_clusters, self.n_levels)

    def prevalence(self) -> FloatArray:
        """(n_levels,) shares of the levels among all labels; zeros without labels."""
        total = np.bincount(self.level, weights=self.count, minlength=self.n_levels)
        share: FloatArray = total / max(total.sum(), 1)
        return share
