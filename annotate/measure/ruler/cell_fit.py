"""How far the ratings of a cell, one rater's about one question, are from what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.measure.ruler.fitting import Scale
from annotate.measure.ruler.labels import IntArray
from annotate.stats.codes import FloatArray
from annotate.stats.rasch.fit_statistics import FitOptions, standardized


@dataclass(frozen=True, slots=True, eq=False)
class CellFit:
    """(cells,) arrays; NaN where a cell has no rating that can surprise."""

    n: IntArray
    infit: FloatArray
    infit_z: FloatArray
    outfit: FloatArray
    outfit_z: FloatArray

    @classmethod
    def of(cls, scale: Scale, place: IntArray, size: int) -> CellFit:
        found = scale.fit.squares
        n = np.bincount(place, minlength=size)

        def summed(amounts: FloatArray) -> FloatArray:
            return np.asarray(np.bincount(place, amounts, size))

        with np.errstate(divide="ignore", invalid="ignore"):
            spread = summed(found.variance)
            infit, outfit = summed(found.square) / spread, summed(found.standard) / n
            infit_q = np.sqrt(summed(found.fourth - np.square(found.variance))) / spread
            outfit_q = np.sqrt(summed(found.kurtosis - 1)) / n
            options = FitOptions()
            return cls(
                n,
                infit,
                standardized(infit, infit_q, options),
                outfit,
                standardized(outfit, outfit_q, options),
            )

    def at(self, i: int) -> dict[str, float | None]:
        return {name: number(getattr(self, name)[i]) for name in ("infit", "infit_z", "outfit", "outfit_z")}


def number(value: float) -> float | None:
    """None for what is undefined."""
    return float(value) if np.isfinite(value) else None
