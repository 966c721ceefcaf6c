r"""Reports that have nothing to do with the trace: a place that a rater names out of habit, or "none" by routine.

.. math:: P(r \mid e) = \eta_{j\,c(r)} \Big/ n_c

with a category c for each of the first eight steps, the last step, all others and "none", and the :math:`n_c` places of
the trace that share it; what a short trace does not have is out of reach. It says nothing of e, which is its use: a
reader who flags the third step whatever stands there is else believed to see errors there that nobody else does.
"""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR

_N_FIRST = 8
LAST, OTHER, NONE = range(_N_FIRST, _N_FIRST + 3)
N_CATEGORIES = _N_FIRST + 3
# By length of the trace, the last for all that are longer than that.
N_STATES = _N_FIRST + 2
N_CELLS = N_STATES * N_CATEGORIES
ROW: IntArray = np.zeros(N_STATES, dtype=np.int64)


def _reachable() -> BoolArray:
    found = np.zeros((N_STATES, N_CATEGORIES), dtype=np.bool_)
    found[:, [LAST, NONE]] = True
    for state in range(N_STATES):
        found[state, : min(state, _N_FIRST)] = True
    found[-1, OTHER] = True
    return found


REACHABLE = _reachable()
# The same of every kind: "none" half of the time, else any place.
ASSUMED: FloatArray = np.repeat(
    np.array([[[0.5 / (N_CATEGORIES - 1)] * (N_CATEGORIES - 1) + [0.5]]]), 3, axis=0
)


def cells(place: IntArray, length: IntArray) -> tuple[IntArray, FloatArray]:
    """For reports of `place`: the cell of (state, category), and the logarithm of how many places share it."""
    state = np.minimum(length, N_STATES) - 1
    category = np.where(place == length - 1, LAST, np.where(place < _N_FIRST, place, OTHER))
    category = np.where(place == NO_ERROR, NONE, category)
    sharing = np.where(category == OTHER, length - 1 - _N_FIRST, 1)
    return state * N_CATEGORIES + category, np.log(sharing)
