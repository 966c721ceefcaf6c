r"""How far cells of ratings lie from what is expected of them, all measures held.

The offset b of a cell solves :math:`\sum w (x - E(\eta + b)) = 0`. Measures have been estimated from the same ratings
and have swallowed a part of every difference. The share that facets have left of a cell's information is about

.. math:: r = \prod_f \left(1 - \frac{\sum_e S_{ce}^2 / I_e}{\sum_e S_{ce}} \right), \qquad
    S_{ce} = \sum_{r \in c, e} w V

over the elements e of each facet f, whose measures have precision :math:`I_e`; in crossed designs it is exact. Scores
of cells vary by it, over all facets; an offset of B shows as r B, over the facets that B does not add up to 0 over.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.extremes import bounds
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.slopes import Slopes

_STEPS = 100
_FURTHEST = 1.0
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Which of C cells each of the n held ratings is in.

    Attributes
    ----------
    cell : (n,) int array
    n : (C,) float array
        Ratings.
    observed, expected : (C,) float arrays
        Weighted sums of what was given and what is expected without an offset.
    low, high : (C,) float arrays
        The sums that could have been.
    """

    held: Held
    cell: IntArray
    n: FloatArray
    observed: FloatArray
    expected: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, held: Held, cell: IntArray, n_cells: int) -> Cells:
        ratings = held.ratings
        low, high = bounds(ratings, held.steps)

        def summed(amounts: FloatArray) -> FloatArray:
            return np.asarray(np.bincount(cell, amounts, n_cells), dtype=np.float64)

        observed = summed(ratings.weight * ratings.value)
        return cls(
            held,
            cell,
            summed(np.ones(len(held))),
            observed,
            observed - summed(held.slopes.residual),
            summed(ratings.weight * low),
            summed(ratings.weight * high),
        )

    def __len__(self) -> int:
        return len(self.n)

    @property
    def extreme(self) -> IntArray:
        """(C,) −1 or 1 where every rating is the lowest or highest that could be, else 0."""
        can_vary = self.high > self.low
        slack = 1e-9 * np.maximum(self.high - self.low, 1.0)
        top = can_vary & (self.high - self.observed <= slack)
        bottom = can_vary & (self.observed - self.low <= slack)
        return np.asarray(top.astype(np.int64) - bottom.astype(np.int64))

    def solved(
        self, *, adjustment: float = 0.0, precision: FloatArray | None = None, start: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """(C,) offsets, and the information of each cell's ratings there.

        Parameters
        ----------
        adjustment : float
            Score points by which extreme cells are moved inwards (never by more than half their range).
        precision : (C,) float array, optional
            Of a normal prior around 0.
        start : (C,) float array, optional

        Returns
        -------
        offset, information
            NaN and 0 for cells that could not have been other than they are.
        """
        pull = np.zeros(len(self)) if precision is None else precision
        target = self.observed - self.extreme * np.minimum(adjustment, (self.high - self.low) / 2)
        shift = target - self.observed
        at = np.zeros(len(self)) if start is None else start.copy()
        information = np.zeros(len(self))
        active = (self.high > self.low) & ((self.extreme == 0) | (shift != 0) | (pull > 0))
        defined = active.copy()
        for _ in range(_STEPS):
            score, own = self.derivatives(at, active)
            information = np.where(active, own, information)
            bend = np.maximum(own + pull, 1e-300)
            move = np.where(active, np.clip((score + shift - pull * at) / bend, -_FURTHEST, _FURTHEST), 0.0)
            at = at + move
            active = active & (np.abs(move) > _TOLERANCE)
            if not active.any():
                break
        return np.where(defined, at, np.nan), np.where(defined, information, 0.0)

    def derivatives(self, at: FloatArray, active: BoolArray | None = None) -> tuple[FloatArray, FloatArray]:
        """(C,) Σ w (x − E) and Σ w V at the offsets, of the active cells; 0 for the others."""
        held = self.held
        chosen = np.ones(len(held), dtype=np.bool_) if active is None else active[self.cell]
        if chosen.all():
            found = Slopes.of(held.ratings, held.eta + at[self.cell], held.steps, held.variance)
            own = self.cell
        else:
            own = self.cell[chosen]
            variance = None if held.variance is None else held.variance[chosen]
            found = Slopes.of(held.ratings.where(chosen), held.eta[chosen] + at[own], held.steps, variance)
        score: FloatArray = np.asarray(np.bincount(own, found.residual, len(self)), dtype=np.float64)
        return score, np.asarray(np.bincount(own, found.variance, len(self)), dtype=np.float64)

    def resolved(self, *, but: Collection[str] = ()) -> FloatArray:
        """(C,) the share r of its information that facets have left a cell, NaN without information.

        ``but`` names facets that do not count.
        """
        held = self.held
        variance = held.slopes.variance
        total = np.bincount(self.cell, variance, len(self))
        share = np.where(total > 0, 1.0, np.nan)
        for place, facet in enumerate(held.ratings.facets):
            if facet.name in but:
                continue
            key = self.cell * held.design.n_elements + held.design.index[place]
            pair, inverse = np.unique(key, return_inverse=True)
            cell, element = np.divmod(pair, held.design.n_elements)
            square = np.square(np.bincount(inverse, variance)) / held.information[element]
            with np.errstate(invalid="ignore", divide="ignore"):
                share = share * np.maximum(1 - np.bincount(cell, square, len(self)) / total, 0.0)
        return np.asarray(share)
