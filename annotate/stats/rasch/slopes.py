"""The part of a pass over the ratings that is about measures alone, thresholds held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.compiled import compiled_pass
from annotate.stats.rasch.moments import expected_of, moments, nodes
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps

_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """(n,) first and minus second derivative of each rating's log-likelihood by eta: w (x − E) and w V."""

    residual: FloatArray
    variance: FloatArray

    @classmethod
    def of(cls, ratings: Ratings, eta: FloatArray, steps: Steps, variance: FloatArray | None) -> Self:
        """As `moments` has them; without numba a third of its time."""
        if compiled_pass() is not None:
            found = moments(ratings, eta, steps, variance)
            return cls(found.residual, found.variance)
        mean, spread = np.zeros(len(eta)), np.zeros(len(eta))
        for start in range(0, len(eta), _BLOCK):
            part = slice(start, start + _BLOCK)
            reach = 0.0 if variance is None else np.sqrt(variance[part])
            for node, share in zip(*nodes(variance), strict=True):
                at, around, _ = expected_of(ratings, eta[part] + node * reach, steps, part)
                mean[part] += share * at
                spread[part] += share * around
        return cls(ratings.weight * (ratings.value - mean), ratings.weight * spread)
