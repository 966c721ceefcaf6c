"""Simulated crowds whose truth is known, and Dawid–Skene by its definition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.table import LongTable


@dataclass(frozen=True)
class Crowd:
    table: LongTable
    truth: dict[int, int]
    matrices: FloatArray

    def right(self, labels: tuple[object, ...]) -> float:
        units = self.table.item.vocab
        return float(np.mean([self.truth[unit] == label for unit, label in zip(units, labels, strict=True)]))


def a_crowd(
    *,
    n_items: int = 300,
    n_raters: int = 12,
    n_levels: int = 3,
    each: int = 5,
    seed: int = 1,
    sure: float = 8,
) -> Crowd:
    """`each` of the raters label an item; their matrices come from Dirichlet rows with `sure` on the diagonal."""
    rng = np.random.default_rng(seed)
    rows = 1 + sure * np.eye(n_levels)
    matrices = np.stack([[rng.dirichlet(row) for row in rows] for _ in range(n_raters)])
    truth = rng.integers(n_levels, size=n_items)
    item = np.repeat(np.arange(n_items), each)
    rater = np.concatenate([rng.permutation(n_raters)[:each] for _ in range(n_items)])
    value = labels_of(rng, matrices[rater, truth[item]])
    levels = list(range(n_levels))
    table = LongTable.from_columns(item, rater, value, levels=levels)
    return Crowd(table, dict(enumerate(truth.tolist())), matrices)


def labels_of(rng: np.random.Generator, chances: FloatArray) -> IntArray:
    """(n,) draws from the rows of (n, n_levels) chances."""
    drawn = (rng.random(len(chances))[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    return np.minimum(drawn, chances.shape[1] - 1)


def dawid_skene_by_definition(table: LongTable, *, iterations: int) -> tuple[FloatArray, float]:
    """Posterior and log-likelihood after so many iterations, one label at a time, without smoothing."""
    n, J, K = len(table.item.vocab), len(table.rater.vocab), len(table.value.vocab)
    rows = list(
        zip(table.item.codes.tolist(), table.rater.codes.tolist(), table.value.codes.tolist(), strict=True)
    )
    T = np.zeros((n, K))
    for i, _, given in rows:
        T[i, given] += 1
    T /= T.sum(axis=1, keepdims=True)
    total = 0.0
    for _ in range(iterations):
        p, theta = T.mean(axis=0), np.zeros((J, K, K))
        for i, j, given in rows:
            theta[j, :, given] += T[i]
        theta /= np.maximum(theta.sum(axis=2, keepdims=True), 1e-300)
        joint = np.tile(p, (n, 1))
        for i, j, given in rows:
            joint[i] *= theta[j, :, given]
        total = float(np.log(joint.sum(axis=1)).sum())
        T = joint / joint.sum(axis=1, keepdims=True)
    return T, total
