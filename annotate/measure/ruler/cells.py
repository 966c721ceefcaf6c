"""Ratings in groups: by thirds of some amount, by stretches of time, and the most surprising of each rater."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from annotate.measure.ruler.labels import IntArray
from annotate.stats.codes import FloatArray


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
