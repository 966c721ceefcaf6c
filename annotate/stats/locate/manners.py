r"""What a rater reports, given where the first error is: three manners, and how often each is theirs.

.. math::

    P_j(r \mid e) = \lambda_{j1} \, P^{\text{shift}}_j(r \mid e) + \lambda_{j2} \, P^{\text{scan}}_j(r \mid e)
    + \lambda_{j3} \, P^{\text{habit}}_j(r)

Some look at the whole trace and then name a place about the error (`shifts`), others flag the first step that looks
wrong to them (`scans`), and some do not look (`habits`). How often a rater does which is learnt like everything else of
them, and leans on their kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate import habits, scans, shifts
from annotate.stats.locate.evidence import NO_ERROR
from annotate.stats.locate.truncated import log_reachable

SHIFTING, SCANNING, NOT_LOOKING = range(3)
# Their shares by kind, as a table of one row: what is assumed where nothing can be learnt.
ASSUMED: FloatArray = np.repeat(np.array([[[0.7, 0.28, 0.02]]]), 3, axis=0)
# The same where there is something to learn from. The tables of shifts can imitate every reader a little and would keep
# what they begin with; what scanning cannot explain goes over to them by itself.
LEARNING: FloatArray = np.repeat(np.array([[[0.08, 0.9, 0.02]]]), 3, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Manners:
    """Tables of probabilities of some raters: `shift` (n, 4, 8), `scan` (n, 6, 2), `habit` (n, 1, 11), `manner`
    (n, 1, 3).
    """

    shift: FloatArray
    scan: FloatArray
    habit: FloatArray
    manner: FloatArray

    def scored(self, table: IntArray, told: Told) -> FloatArray:
        """(3, …) Log-likelihoods of reports by manner, each with the log-share of that manner.

        `table` says whose tables are read, in a shape that goes with that of the reports (n,).
        """
        log_shift = log_reachable(self.shift, shifts.ROW, shifts.REACHABLE)
        log_shift = log_shift.reshape(len(self.shift), shifts.N_CELLS)
        log_habit = log_reachable(self.habit, habits.ROW, habits.REACHABLE)
        log_habit = log_habit.reshape(len(self.habit), habits.N_CELLS)
        with np.errstate(divide="ignore"):
            log_manner = np.log(self.manner[:, 0])
        by_shift = log_shift[table, told.shift] - told.shift_sharing
        by_habit = log_habit[table, told.habit] - told.habit_sharing
        by_manner = (by_shift, told.walks.scored(self.scan, table), by_habit)
        return np.stack([one + log_manner[table, manner] for manner, one in enumerate(by_manner)])

    def likelihood(self, length: int) -> FloatArray:
        """(n, M + 1 reports, M + 1 places) The probability of each report, "none" last, given each place."""
        report, error = np.meshgrid(
            np.append(np.arange(length), NO_ERROR), np.arange(length + 1), indexing="ij"
        )
        told = Told.of(report.ravel(), error.ravel(), np.full(report.size, length))
        scores = self.scored(np.arange(len(self.shift))[:, None], told)
        return np.exp(together(scores)).reshape(-1, *report.shape)

    def take(self, which: IntArray) -> Manners:
        return Manners(self.shift[which], self.scan[which], self.habit[which], self.manner[which])


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """(n,) Reports beside places the error may have: the cells of their tables, with the logarithms of how many places
    share each, and their walks.
    """

    shift: IntArray
    shift_sharing: FloatArray
    walks: scans.Walks
    habit: IntArray
    habit_sharing: FloatArray

    @classmethod
    def of(cls, place: IntArray, error: IntArray, length: IntArray) -> Told:
        """Of reports of `place` were the first error at `error` (= length: none)."""
        walks = scans.Walks.of(place, error, length)
        return cls(*shifts.cells(place, error, length), walks, *habits.cells(place, length))


def together(scores: FloatArray) -> FloatArray:
    """The log-likelihood of each report whatever the manner, from those by manner."""
    return np.asarray(np.logaddexp(np.logaddexp(scores[SHIFTING], scores[SCANNING]), scores[NOT_LOOKING]))
