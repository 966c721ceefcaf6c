"""Where errors are before anybody has looked: by the final answer, the question's difficulty and the relative place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.sums import sums
from annotate.stats.locate.truncated import log_reachable, raised

N_PARTS = 5
N_OUTCOMES = 3
# Share of traces without an error, by outcome (ungraded, wrong, right), and for how many traces that counts.
_NONE = (0.5, 0.02, 0.85)
_NONE_WEIGHT = (10.0, 50.0, 20.0)
_PART_WEIGHT = 10.0


def part_of(place: IntArray, length: IntArray) -> IntArray:
    """Which fifth of the trace a step belongs to."""
    return np.asarray(np.minimum(N_PARTS * place // length, N_PARTS - 1))


def _reachable() -> BoolArray:
    found = np.zeros((N_PARTS, N_PARTS), dtype=np.bool_)
    for length in range(1, N_PARTS + 1):
        found[length - 1, part_of(np.arange(length), np.full(length, length))] = True
    return found


_REACHABLE = _reachable()
_ROW = np.zeros(N_PARTS, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """`none` (n_outcomes, n_difficulties) share of traces without an error; `part` (n_outcomes, n_difficulties, 1,
    n_parts) where the error is, if there is one.
    """

    none: FloatArray
    part: FloatArray
    none_pseudo: FloatArray

    @classmethod
    def assumed(cls, n_difficulties: int) -> Prior:
        none = np.repeat(np.array(_NONE)[:, None], n_difficulties, axis=1)
        weight = np.array(_NONE_WEIGHT)[:, None]
        pseudo = np.stack([none * weight, (1 - none) * weight])
        part = np.full((N_OUTCOMES, n_difficulties, 1, N_PARTS), 1 / N_PARTS)
        return cls(none, part, pseudo)

    def score(self, layout: Layout, outcome: IntArray, difficulty: IntArray) -> FloatArray:
        """(n_places,) log-probabilities; `outcome` and `difficulty` (n_traces,) are codes."""
        o, d = outcome[layout.trace], difficulty[layout.trace]
        state, part, shared = self._where(layout)
        log_part = log_reachable(self.part, _ROW, _REACHABLE)[o, d, state, part] - np.log(shared)
        none = self.none[o, d]
        return np.where(layout.is_none, np.log(none), np.log1p(-none) + log_part)

    def raised(self, layout: Layout, outcome: IntArray, difficulty: IntArray, posterior: FloatArray) -> Prior:
        n = self.none.shape[1]
        group = outcome * n + difficulty
        none = sums(group, posterior[layout.is_none], N_OUTCOMES * n).reshape(-1, n)
        everything = sums(group, layout.total(posterior), N_OUTCOMES * n).reshape(-1, n)
        some = np.maximum(everything - none, 0.0)
        yes, no = none + self.none_pseudo[0], some + self.none_pseudo[1]
        state, part, _ = self._where(layout)
        cell = (group[layout.trace] * N_PARTS + state) * N_PARTS + part
        mass = np.where(layout.is_none, 0.0, posterior)
        counts = sums(cell, mass, N_OUTCOMES * n * N_PARTS * N_PARTS)
        shape = (N_OUTCOMES, n, N_PARTS, N_PARTS)
        pseudo = np.full_like(self.part, _PART_WEIGHT)
        table = raised(counts.reshape(shape), self.part, pseudo, _ROW, _REACHABLE)
        return Prior(yes / (yes + no), table, self.none_pseudo)

    def log_prior(self) -> float:
        tie = self.none_pseudo[0] * np.log(self.none) + self.none_pseudo[1] * np.log1p(-self.none)
        return float(tie.sum() + _PART_WEIGHT * np.log(self.part).sum())

    @staticmethod
    def _where(layout: Layout) -> tuple[IntArray, IntArray, FloatArray]:
        length = layout.length[layout.trace]
        part = part_of(layout.place, length)
        state = np.minimum(length, N_PARTS) - 1
        key = (layout.trace * N_PARTS + part)[~layout.is_none]
        n_sharing = np.bincount(key, minlength=layout.n_traces * N_PARTS)
        shared = n_sharing[layout.trace * N_PARTS + part]
        return state, part, np.maximum(shared, 1).astype(np.float64)
