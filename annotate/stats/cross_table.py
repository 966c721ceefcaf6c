"""Two raters side by side: how often one gave this level where the other gave that."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums, compressed
from annotate.stats.table import LongTable


@dataclass(frozen=True, slots=True, eq=False)
class CrossTable:
    """The items that both raters labelled.

    `counts` is (q, q), levels of the first rater by levels of the second; `sums` the same by cluster, with
    q * q columns; `both` the part of the long table that is compared.
    """

    first: Hashable
    second: Hashable
    counts: FloatArray
    sums: ClusterSums
    both: LongTable

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @classmethod
    def of(cls, table: LongTable, raters: tuple[Hashable, Hashable] | None = None) -> Self:
        """Compare two raters of a table, or its only two; `Rejected` where there are others."""
        first, second = raters if raters is not None else _only_two(table)
        places = [_place(table, rater) for rater in (first, second)]
        if places[0] == places[1]:
            raise Rejected(f"{first!r} cannot be compared with themselves", field="rater")
        pair = table.where(np.isin(table.rater.codes, places))
        n_units = int(pair.unit.max()) + 1 if len(pair) else 0
        pair = pair.where(np.bincount(pair.unit, minlength=n_units)[pair.unit] == 2) if n_units else pair
        level = []
        for place in places:
            one = pair.where(pair.rater.codes == place)
            level.append(one.value.codes[np.argsort(one.unit)])
        by_unit = pair.where(pair.rater.codes == places[0])
        clusters, home = compressed(by_unit.cluster.codes[np.argsort(by_unit.unit)], len(table.cluster.vocab))
        q = len(table.value.vocab)
        sums = ClusterSums.of(home, level[0] * q + level[1], np.ones(len(home)), len(clusters), q * q)
        counts = sums.totals(np.ones((1, len(clusters)))).reshape(q, q)
        return cls(first, second, counts, sums, pair)


def _only_two(table: LongTable) -> tuple[Hashable, Hashable]:
    present = np.flatnonzero(np.bincount(table.rater.codes)) if len(table) else np.empty(0, dtype=np.int64)
    if len(present) != 2:
        raise Rejected(f"two raters are compared, and the table has {len(present)}: name two", field="rater")
    first, second = (table.rater.vocab[place] for place in present.tolist())
    return first, second


def _place(table: LongTable, rater: Hashable) -> int:
    if rater not in table.rater.vocab:
        raise Rejected(f"no label is by {rater!r}", field="rater")
    return table.rater.vocab.index(rater)
