"""The places an error can have, of all traces in one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A trace of M steps has the places 0 … M; place M stands for "no error". Step t lies where place t does.

    Attributes
    ----------
    length : (n_traces,) int array
        Steps of each trace, at least 1.
    start : (n_traces + 1,) int array
        Where the places of each trace begin.
    trace, place : (n_places,) int arrays
    """

    length: IntArray
    start: IntArray
    trace: IntArray
    place: IntArray

    @classmethod
    def of(cls, length: IntArray) -> Self:
        start = np.concatenate([[0], np.cumsum(length + 1)]).astype(np.int64)
        trace = np.repeat(np.arange(len(length)), length + 1)
        return cls(length, start, trace, np.arange(start[-1]) - start[trace])

    @property
    def n_traces(self) -> int:
        return len(self.length)

    @property
    def n_places(self) -> int:
        return len(self.place)

    @property
    def is_none(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(n_places,) True at the place that stands for no error."""
        return np.asarray(self.place == self.length[self.trace])

    def spread(self, trace: IntArray) -> tuple[IntArray, IntArray]:
        """For rows that belong to traces: each row once per place of its trace, as (row, place) indices."""
        counts = self.length[trace] + 1
        row = np.repeat(np.arange(len(trace)), counts)
        begins = np.concatenate([[0], np.cumsum(counts)])[:-1]
        return row, self.start[trace][row] + np.arange(len(row)) - begins[row]

    def before(self, amount: FloatArray) -> FloatArray:
        """(n_places,) Sum of the amounts at earlier places of the same trace."""
        total = np.cumsum(amount) - amount
        return np.asarray(total - total[self.start[:-1]][self.trace])

    def total(self, amount: FloatArray) -> FloatArray:
        """(n_traces,) Sum over each trace."""
        return np.asarray(np.add.reduceat(amount, self.start[:-1])) if len(amount) else np.zeros(0)

    def after(self, amount: FloatArray) -> FloatArray:
        """(n_places,) Sum of the amounts at later places of the same trace."""
        return np.asarray(self.total(amount)[self.trace] - self.before(amount) - amount)

    def normalised(self, score: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n_places,) probabilities from log-scores, and (n_traces,) the logarithm of what they summed to."""
        if not len(score):
            return np.zeros(0), np.zeros(0)
        top = np.maximum.reduceat(score, self.start[:-1])
        weight = np.exp(score - top[self.trace])
        total = self.total(weight)
        return weight / total[self.trace], top + np.log(total)
