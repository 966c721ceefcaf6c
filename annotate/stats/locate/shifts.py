r"""Reports of a first error: how far from it, by how much, or not at all.

.. math::

    P(r \mid e) = \theta_{j\,b\,c} \Big/ n_c, \qquad c = \mathrm{clip}(r - e, -3, 3) \text{ or miss}

for rater j, the bucket b of e (first step, middle, last step, no error) and the n_c places of the trace that have this
shift; shifts that lead out of the trace are out of reach, and the others share what is left. Where there is no error,
the categories are "none" and the first, a middle and the last step. Tables of raters lean on that of their kind.
"""

from __future__ import annotations

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR

FARTHEST = 3
N_CATEGORIES = 2 * FARTHEST + 2
MISS = 2 * FARTHEST + 1
FIRST, MIDDLE, LAST, NONE = range(4)
_SPAN = FARTHEST + 1
_NONE_STATES = _SPAN * _SPAN
N_STATES = _NONE_STATES + 3
N_CELLS = N_STATES * N_CATEGORIES


def _reachable() -> BoolArray:
    found = np.zeros((N_STATES, N_CATEGORIES), dtype=np.bool_)
    found[:, MISS] = True
    for low in range(_SPAN):
        for high in range(_SPAN):
            found[low * _SPAN + high, FARTHEST - low : FARTHEST + high + 1] = True
    # Of a single step, of two, of more.
    for state, categories in enumerate(((LAST,), (FIRST, LAST), (FIRST, MIDDLE, LAST))):
        found[_NONE_STATES + state, list(categories)] = True
    return found


def _rows() -> IntArray:
    found = np.full(N_STATES, MIDDLE)
    found[:_SPAN] = FIRST
    found[_SPAN:_NONE_STATES:_SPAN] = LAST
    found[_NONE_STATES:] = NONE
    return found


REACHABLE = _reachable()
ROW = _rows()

# What is assumed of raters before anything is known of them: by kind, bucket and category.
_ERROR = {
    "person": (0.005, 0.01, 0.05, 0.79, 0.05, 0.01, 0.005, 0.08),
    "judge": (0.02, 0.03, 0.08, 0.53, 0.08, 0.03, 0.03, 0.20),
    "verifier": (0.01, 0.01, 0.03, 0.45, 0.05, 0.03, 0.02, 0.40),
}
_SOUND = {
    "person": (0.01, 0.04, 0.02, 0, 0, 0, 0, 0.93),
    "judge": (0.04, 0.09, 0.04, 0, 0, 0, 0, 0.83),
    "verifier": (0.01, 0.02, 0.01, 0, 0, 0, 0, 0.96),
}
ASSUMED: FloatArray = np.array(
    [[_ERROR[kind]] * 3 + [_SOUND[kind]] for kind in ("person", "judge", "verifier")], dtype=np.float64
)


def cells(place: IntArray, error: IntArray, length: IntArray) -> tuple[IntArray, FloatArray]:
    """For reports of `place` were the first error at `error` (= length: none): the cell of (state, category), and the
    logarithm of how many places share the category.
    """
    is_none = error == length
    low, high = np.minimum(error, FARTHEST), np.clip(length - 1 - error, 0, FARTHEST)
    state = np.where(is_none, _NONE_STATES + np.minimum(length, 3) - 1, low * _SPAN + high)
    shift = np.clip(place - error, -FARTHEST, FARTHEST) + FARTHEST
    falsely = np.where(place == length - 1, LAST, np.where(place == 0, FIRST, MIDDLE))
    category = np.where(place == NO_ERROR, MISS, np.where(is_none, falsely, shift))
    sharing = np.ones(len(place))
    sharing = np.where(~is_none & (category == 0), error - FARTHEST + 1, sharing)
    sharing = np.where(~is_none & (category == 2 * FARTHEST), length - FARTHEST - error, sharing)
    sharing = np.where(is_none & (category == MIDDLE), length - 2, sharing)
    return state * N_CATEGORIES + category, np.log(np.maximum(sharing, 1))
