r"""Reports of a reader who walks the steps from the first and flags the first one that looks wrong to them.

.. math::

    P(r \mid e) = a_{j\,s(r, e)} \prod_{t < r} \big(1 - a_{j\,s(t, e)}\big), \qquad
    P(\text{none} \mid e) = \prod_{t < M} \big(1 - a_{j\,s(t, e)}\big)

a is how likely rater j is to flag a step they stand at, by what the step is were the first error at e: a sound one
(the first of the trace, one within, the last), the error itself, the step directly behind it, or one farther behind. So
a report comes early by a false alarm and late by a miss, and how often nothing is found depends on how long the trace
is; `shifts` knows neither. These are hazards of a survival time in steps (Cox 1972, section 7: discrete time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR
from annotate.stats.locate.sums import sums

FIRST, WITHIN, LAST, ERROR, NEXT, BEYOND = range(6)
N_ROWS = 6
# Nothing was flagged.
_NOTHING = N_ROWS
PASSES, FLAGS = range(2)
_LEAST = 1e-12

# What is assumed of raters before anything is known of them: P(pass), P(flag) by kind and row.
_SOUND = {"person": 0.02, "judge": 0.03, "verifier": 0.01}
_ERROR = {"person": 0.8, "judge": 0.6, "verifier": 0.5}
_BEHIND = {"person": 0.4, "judge": 0.3, "verifier": 0.2}


def _assumed() -> FloatArray:
    rows = [
        [_SOUND[kind]] * 3 + [_ERROR[kind]] + [_BEHIND[kind]] * 2 for kind in ("person", "judge", "verifier")
    ]
    flags = np.array(rows, dtype=np.float64)
    return np.stack([1 - flags, flags], axis=-1)


ASSUMED: FloatArray = _assumed()


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """For reports that stand beside places the error may have: `passed` (n_rows, n) steps of each row that were passed
    without a word, and the row of the step that was `flagged` (n,), or one behind the last row.
    """

    passed: npt.NDArray[np.int32]
    flagged: IntArray

    @classmethod
    def of(cls, place: IntArray, error: IntArray, length: IntArray) -> Walks:
        """Of reports of `place` were the first error at `error` (= length: none)."""
        stop = np.where(place == NO_ERROR, length, place)
        sound = np.minimum(stop, error)
        passed = np.empty((N_ROWS, len(stop)), dtype=np.int32)
        passed[FIRST] = sound > 0
        # Only where there is no error is the last step a sound one; of a single step it is the first.
        passed[LAST] = (sound == length) & (length > 1)
        passed[WITHIN] = sound - passed[FIRST] - passed[LAST]
        passed[ERROR] = stop > error
        passed[NEXT] = stop > error + 1
        passed[BEYOND] = np.maximum(stop - error - 2, 0)
        behind = np.where(stop == error, ERROR, np.where(stop == error + 1, NEXT, BEYOND))
        ahead = np.where(stop == 0, FIRST, np.where(stop == length - 1, LAST, WITHIN))
        flagged = np.where(place == NO_ERROR, _NOTHING, np.where(stop < error, ahead, behind))
        return cls(passed, flagged)

    def scored(self, tables: FloatArray, table: IntArray) -> FloatArray:
        """Log-likelihoods by `tables` (n_tables, n_rows, 2); `table` says which, in a shape that goes with (n,)."""
        log_table = np.log(np.maximum(tables, _LEAST))
        flags = np.concatenate([log_table[:, :, FLAGS], np.zeros((len(tables), 1))], axis=1)
        found = flags[table, self.flagged]
        for row, passed in enumerate(self.passed):
            found += passed * log_table[table, row, PASSES]
        return np.asarray(found)

    def counted(self, table: IntArray, amount: FloatArray, n_tables: int) -> FloatArray:
        """(n_tables, n_rows, 2) Steps passed and flagged, each report counting its amount."""
        found = np.empty((n_tables, N_ROWS, 2))
        flags = sums(table * (N_ROWS + 1) + self.flagged, amount, n_tables * (N_ROWS + 1))
        found[:, :, FLAGS] = flags.reshape(n_tables, -1)[:, :N_ROWS]
        for row, passed in enumerate(self.passed):
            found[:, row, PASSES] = sums(table, passed * amount, n_tables)
        return found
