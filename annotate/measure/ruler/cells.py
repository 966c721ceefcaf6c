"""Whether a rater is another one under some circumstances: sums of residuals over cells of ratings.

A cell holds a rater's ratings on one question, at one part of the traces, of one source model. What its residuals add
up to is what the rater's own severity and the steps do not explain: ``shift`` levels above what was expected, with the
standard error that the model gives it. These are screens; nothing is fitted anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.measure.ruler.labels import IntArray
from annotate.stats.codes import FloatArray

FEWEST = 10
"""Ratings that a cell needs to be said anything about."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``t`` is the shift over its error. A positive shift is a rater who gives higher levels than expected."""

    group: int
    n: int
    shift: float
    se: float

    @property
    def t(self) -> float:
        return self.shift / self.se if self.se > 0 else 0.0

    def as_json(self, name: str) -> dict[str, Any]:
        return {"of": name, "n": self.n, "shift": round(self.shift, 4), "se": round(self.se, 4)}


def cells_of(
    rater: IntArray, group: IntArray, residual: FloatArray, variance: FloatArray, *, n_raters: int
) -> list[list[Cell]]:
    """For each rater its cells with enough ratings. Ratings of group -1 are in none."""
    known = group >= 0
    n_groups = int(group.max(initial=-1)) + 1
    place = rater[known] * n_groups + group[known]
    size = n_raters * n_groups
    n = np.bincount(place, minlength=size)
    total = np.bincount(place, residual[known], size)
    spread = np.sqrt(np.bincount(place, variance[known], size))
    found: list[list[Cell]] = [[] for _ in range(n_raters)]
    for i in np.flatnonzero(n >= FEWEST).tolist():
        j, g = divmod(i, n_groups)
        found[j].append(Cell(g, int(n[i]), float(total[i] / n[i]), float(spread[i] / n[i])))
    return found


def in_thirds(amounts: FloatArray) -> IntArray:
    """0, 1 or 2 by the thirds of all amounts; -1 where there is none (NaN)."""
    known = ~np.isnan(amounts)
    if not known.any():
        return np.full(len(amounts), -1, dtype=np.int64)
    edges = np.quantile(amounts[known], (1 / 3, 2 / 3))
    return np.where(known, np.searchsorted(edges, np.nan_to_num(amounts), side="left"), -1).astype(np.int64)


def windows_of(order: IntArray, rater: IntArray, *, n_raters: int, most: int, fewest: int) -> IntArray:
    """(n,) number of the stretch of its rater's ratings that each one lies in, -1 for raters with too few for two.

    A rater's ratings, in the order they were made, are cut into at most ``most`` stretches of equal length with at
    least ``fewest`` each.
    """
    by_rater = np.lexsort((order, rater))
    n = np.bincount(rater, minlength=n_raters)
    starts = np.concatenate([[0], np.cumsum(n)[:-1]])
    rank = np.empty(len(rater), dtype=np.int64)
    rank[by_rater] = np.arange(len(rater)) - np.repeat(starts, n)
    stretches = np.minimum(n // fewest, most)
    own = stretches[rater]
    return np.where(own >= 2, rank * own // np.maximum(n[rater], 1), -1)


def most_surprising(z: FloatArray, rater: IntArray, *, n_raters: int, most: int) -> Iterator[IntArray]:
    """For each rater the rows of its most surprising ratings, the most surprising first."""
    by_rater = np.lexsort((-np.abs(z), rater))
    starts = np.concatenate([[0], np.cumsum(np.bincount(rater, minlength=n_raters))])
    for j in range(n_raters):
        yield by_rater[starts[j] : min(starts[j] + most, starts[j + 1])]
