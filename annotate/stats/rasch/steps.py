"""Thresholds between neighbouring categories, kept as their running sums."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.ratings import Ratings


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    r"""The (n_scales, n_categories) table :math:`c_{gk} = \sum_{h \le k} \tau_{gh}`.

    A category nobody used on a scale has probability 0 there and :math:`c = \infty`. The sums are 0 at the lowest and
    at the highest used category, which is the convention that a scale's thresholds add up to 0. A scale whose
    thresholds are known has them as they are, and counts all categories as used.

    Attributes
    ----------
    sums : (G, K) float array
    used : (G, K) bool array
    free : (G, K) bool array
        Used categories between the outermost: what is estimated.
    counts : (G, K) float array
        Weighted number of ratings in each category.
    """

    sums: FloatArray
    used: BoolArray
    free: BoolArray
    counts: FloatArray

    @classmethod
    def of(cls, ratings: Ratings) -> Self:
        """Thresholds to begin with, from the counts of the categories."""
        n_scales, n_categories = len(ratings.scale.vocab), ratings.n_categories
        rated = (ratings.trials == 0) & (ratings.weight > 0)
        cell = ratings.scale.codes[rated] * n_categories + ratings.value[rated]
        counts: FloatArray = np.asarray(
            np.bincount(cell, ratings.weight[rated], n_scales * n_categories), dtype=np.float64
        ).reshape(n_scales, n_categories)
        is_known = np.isfinite(ratings.known_sums)
        used = (counts > 0) | is_known
        numbers = np.arange(n_categories)
        lowest = np.where(used, numbers, n_categories).min(axis=1, initial=n_categories)[:, None]
        highest = np.where(used, numbers, -1).max(axis=1, initial=-1)[:, None]
        free = used & ~is_known & (numbers > lowest) & (numbers < highest)
        begun = np.where(free, _from_counts(counts, lowest, highest), np.where(used, 0.0, np.inf))
        # On a scale that nothing was rated on there are only counts of trials: its sums are never read.
        begun = np.where(used.any(axis=1, keepdims=True), begun, 0.0)
        return cls(np.where(is_known, ratings.known_sums, begun), used, free, counts)

    def with_sums(self, sums: FloatArray) -> Steps:
        """Other values at the free places."""
        return Steps(np.where(self.free, sums, self.sums), self.used, self.free, self.counts)

    def moved(self, by: FloatArray) -> Steps:
        return self.with_sums(self.sums + np.where(self.free, by, 0.0))

    def thresholds(self, scale: int) -> list[tuple[int, int, float]]:
        """(lower category, upper category, threshold in logits) between neighbours that are used.

        Where categories between them are unused the threshold is the mean of those that cannot be told apart.
        """
        places = np.flatnonzero(self.used[scale])
        return [
            (int(a), int(b), float((self.sums[scale, b] - self.sums[scale, a]) / (b - a)))
            for a, b in pairwise(places)
        ]


def _from_counts(counts: FloatArray, lowest: IntArray, highest: IntArray) -> FloatArray:
    """−log count, less the straight line between the outermost categories."""
    log = -np.log(np.maximum(counts, 1.0))
    numbers, rows = np.arange(counts.shape[1]), np.arange(len(log))[:, None]
    low = log[rows, np.clip(lowest, 0, log.shape[1] - 1)]
    high = log[rows, np.clip(highest, 0, log.shape[1] - 1)]
    share = (numbers - lowest) / np.maximum(highest - lowest, 1)
    return np.asarray(log - low - share * (high - low))
