"""Amounts added up by where they belong."""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray


def sums(index: IntArray, amount: FloatArray | IntArray | BoolArray, size: int) -> FloatArray:
    """(size,) The sum of the amounts of each index."""
    return np.bincount(index, weights=amount, minlength=size).astype(np.float64)
