"""Sums over labels, from (rater, level) cells to units and back, for every true level at once.

Every model in which the labels of a unit are independent given its true level needs these two sums per iteration and
nothing else of the labels. Sparse products of scipy are several times faster than numpy's; a numba kernel was not
faster than they are, so there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np

from annotate.stats.aggregate.answers import Answers
from annotate.stats.codes import FloatArray, IntArray

Engine: TypeAlias = Literal["auto", "scipy", "numpy"]


class Sums(Protocol):
    def to_units(self, per_cell: FloatArray) -> FloatArray:
        """(n_levels, n_units): of each unit's labels, the sum of their cells' columns of (n_cells, n_levels)."""
        ...

    def to_cells(self, per_unit: FloatArray) -> FloatArray:
        """(n_cells, n_levels): of each cell's labels, the sum of their units' rows of (n_levels, n_units)."""
        ...


def sums_of(answers: Answers, engine: Engine = "auto") -> Sums:
    """The fastest sums there are, or those of one engine; ImportError where it is asked for and missing."""
    if engine == "numpy":
        return NumpySums.of(answers)
    try:
        return SparseSums.of(answers)
    except ImportError:
        if engine == "scipy":
            raise
        return NumpySums.of(answers)


@dataclass(frozen=True, slots=True, eq=False)
class NumpySums:
    cell: IntArray
    unit: IntArray
    start: IntArray
    weight: FloatArray | None
    n_cells: int

    @classmethod
    def of(cls, answers: Answers) -> Self:
        n_cells = answers.n_raters * answers.n_levels
        return cls(answers.cell, answers.unit, answers.start, answers.weight, n_cells)

    def to_units(self, per_cell: FloatArray) -> FloatArray:
        columns = np.ascontiguousarray(per_cell.T)
        return np.stack([np.add.reduceat(self._weighed(column[self.cell]), self.start) for column in columns])

    def to_cells(self, per_unit: FloatArray) -> FloatArray:
        sums = [
            np.bincount(self.cell, weights=self._weighed(row[self.unit]), minlength=self.n_cells)
            for row in per_unit
        ]
        return np.ascontiguousarray(np.stack(sums).T)

    def _weighed(self, values: FloatArray) -> FloatArray:
        return values if self.weight is None else values * self.weight


@dataclass(frozen=True, slots=True, eq=False)
class SparseSums:
    # Its transpose is read in the order of the units too: what is added to, one row per cell, stays in the cache.
    units_by_cells: Any

    @classmethod
    def of(cls, answers: Answers) -> Self:
        from scipy.sparse import csr_array

        n = len(answers.unit)
        weight = np.ones(n) if answers.weight is None else answers.weight
        shape = (answers.n_units, answers.n_raters * answers.n_levels)
        small = np.int32 if max(n, *shape) < np.iinfo(np.int32).max else np.int64
        pointers = np.append(answers.start, n).astype(small)
        return cls(csr_array((weight, answers.cell.astype(small), pointers), shape=shape))

    def to_units(self, per_cell: FloatArray) -> FloatArray:
        return np.ascontiguousarray((self.units_by_cells @ per_cell).T)

    def to_cells(self, per_unit: FloatArray) -> FloatArray:
        return np.asarray(self.units_by_cells.T @ np.ascontiguousarray(per_unit.T), dtype=np.float64)
