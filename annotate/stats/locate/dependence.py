r"""How much of what two raters say is said twice.

Two readings of one trace agree more often than their tables allow, because one model makes the same mistake again or
one rater copies another. The excess over what is expected of independent readings,

.. math::

    \rho_{jk} = \frac{A_{jk} - E_{jk}}{1 - E_{jk}}, \qquad
    E_{jk} = \sum_e q(e) \sum_r P_j(r \mid e) P_k(r \mid e),

is 0 for independent raters and 1 for a copy. q leaves out everything the families of both have said, so that a copied
mistake is not taken for the truth it would otherwise become. A reading beside others counts as :math:`w = 1 / (1 +
\sum_k \rho_{jk})` of one: n readings with one rho are worth :math:`n / (1 + (n - 1) \rho)`, the effective number under
a design effect (Kish 1965). Without gold, agreement can come from skill or from copying; what is then assumed decides
as long as the pairs are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import Raters
from annotate.stats.locate.sums import sums

# What is assumed, and for how many pairs it counts: of one rater's votes, of a family, of strangers.
_ASSUMED = (0.5, 0.3, 0.0)
_PAIRS = (15.0, 30.0, 60.0)
_MOST = 0.999
# Where a pair met on traces with gold, other traces count this much beside them.
_WITHOUT_GOLD = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """`rho` of the pairs of raters (by `pair`, ascending codes j · n + k with j ≤ k) that met; others as assumed."""

    raters: Raters
    pair: IntArray
    rho: FloatArray
    n_pairs: FloatArray

    @classmethod
    def assumed(cls, raters: Raters) -> Dependence:
        none = np.zeros(0)
        return cls(raters, none.astype(np.int64), none, none)

    @classmethod
    def estimated(
        cls,
        raters: Raters,
        pair: IntArray,
        agrees: FloatArray,
        expected: FloatArray,
        is_gold: FloatArray,
        *,
        least: Dependence,
    ) -> Dependence:
        """From the pairs of readings: whether each agrees, and the probability of that without dependence.

        Where no gold tells, a family is taken for no less alike than in `least`.
        """
        known, where = np.unique(pair, return_inverse=True)
        n_gold = sums(where, is_gold, len(known))
        weight = np.where(is_gold > 0, 1.0, np.where(n_gold[where] > 0, _WITHOUT_GOLD, 1.0))
        n = sums(where, weight, len(known))
        room = sums(where, weight * (1 - expected), len(known))
        excess = sums(where, weight * (agrees - expected), len(known)) / np.maximum(room, 1e-9)
        relation = _relation(raters, known)
        noise = sums(where, weight**2 * expected * (1 - expected), len(known)) ** 0.5
        # Strangers are independent until chance is no explanation.
        doubt = np.where(relation == 2, 2.0, 0.0) * noise / np.maximum(room, 1e-9)
        found = np.where(excess > doubt, np.clip(excess, 0.0, _MOST), 0.0)
        first, pseudo = np.array(_ASSUMED)[relation], np.array(_PAIRS)[relation]
        rho = (n * found + pseudo * first) / (n + pseudo)
        # Without gold a family's shared mistakes look like skill.
        floor = least.of(*np.divmod(known, max(len(raters), 1)))
        rho = np.where((relation < 2) & (n_gold == 0), np.maximum(rho, floor), rho)
        return cls(raters, known, rho, n)

    def of_families(self) -> Dependence:
        """What was found of raters of one family; all others as assumed."""
        kept = _relation(self.raters, self.pair) == 1
        return Dependence(self.raters, self.pair[kept], self.rho[kept], self.n_pairs[kept])

    def of(self, j: IntArray, k: IntArray) -> FloatArray:
        code = pair_code(j, k, len(self.raters))
        found = np.array(_ASSUMED)[_relation(self.raters, code)]
        if len(self.pair):
            at = np.minimum(np.searchsorted(self.pair, code), len(self.pair) - 1)
            found = np.where(self.pair[at] == code, self.rho[at], found)
        return found

    def weights(self, rater: IntArray, one: IntArray, other: IntArray) -> FloatArray:
        """(n,) share of itself that each reading counts, given the indices of every two that stand together."""
        rho = self.of(rater[one], rater[other])
        beside = sums(one, rho, len(rater)) + sums(other, rho, len(rater))
        return 1 / (1 + beside)


def pair_code(j: IntArray, k: IntArray, n: int) -> IntArray:
    return np.asarray(np.minimum(j, k) * n + np.maximum(j, k))


def _relation(raters: Raters, code: IntArray) -> IntArray:
    """0 for one rater's own readings, 1 within a family, 2 for strangers."""
    j, k = np.divmod(code, max(len(raters), 1))
    return np.where(j == k, 0, np.where(raters.family[j] == raters.family[k], 1, 2))
