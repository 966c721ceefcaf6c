"""Fleiss' kappa: chance is that raters draw from one common distribution of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.chance import ChanceResult, chance_corrected
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


@dataclass(frozen=True, slots=True, eq=False)
class CommonShares:
    r"""Chance agreement :math:`\sum_{kl} w_{kl} \pi_k \pi_l` of two draws from the common shares."""

    tally: Tally
    weights: FloatArray
    name: str = "fleiss"

    @property
    def sums(self) -> ClusterSums:
        return self.tally.shares()

    def expected(self, totals: FloatArray) -> FloatArray:
        share = shares_of(totals)
        drawn: FloatArray = ((share @ self.weights) * share).sum(axis=1)
        return drawn

    def shift(self, totals: FloatArray) -> FloatArray:
        share = shares_of(totals[None, :])[0]
        pull = self.weights @ share
        return 2 * (self.tally.mean_of(pull) - float(share @ pull))


def shares_of(totals: FloatArray) -> FloatArray:
    """(b, q) shares from (b, q) totals; NaN in a row without any."""
    total = totals.sum(axis=1, keepdims=True)
    share = np.full_like(totals, np.nan)
    np.divide(totals, total, out=share, where=total > 0)
    return share


def fleiss_kappa(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Fleiss' kappa, weighted if wanted, for any number of raters and with labels missing.

    .. math::
        \kappa = \frac{p_a - p_e}{1 - p_e}, \quad
        p_a = \frac{1}{n'} \sum_{r_i \ge 2} \frac{\sum_{kl} w_{kl} (r_{ik} r_{il} - [k=l] r_{ik})}{r_i (r_i - 1)},
        \quad p_e = \sum_{kl} w_{kl} \pi_k \pi_l, \quad \pi_k = \frac{1}{n} \sum_i \frac{r_{ik}}{r_i}

    over n items, n' of them with two labels or more. It is Krippendorff's alpha without its small-sample
    term where every item has the same number of labels.

    Parameters
    ----------
    table : LongTable
        Unweighted. The interval resamples `LongTable.cluster`.
    weighting : {'identity', 'linear', 'quadratic', 'ordinal'}
    spacing : {'places', 'numbers'}
        See `agreement_weights`.
    resamples : int
        Bootstrap draws for the interval; 0 for none.
    level : float
        Coverage aimed at.
    seed : int

    Returns
    -------
    ChanceResult
        `value` is None when no item has two labels, and when all labels are the same.

    Raises
    ------
    Rejected
        A weighted table, or a weighting without an order of the levels.

    References
    ----------
    Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin 76(5),
    378-382. doi:10.1037/h0031619

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2, 3, 3, 3], rater=["a", "b", "c"] * 3, value=[1, 1, 1, 1, 2, 2, 2, 2, 2])
    >>> round(fleiss_kappa(table, resamples=0).value, 4)
    0.55
    """
    table.refuse_weights("Fleiss' kappa")
    tally, weights = Tally.of(table), agreement_weights(table, weighting, spacing)
    chance = CommonShares(tally, weights)
    return chance_corrected(
        table, tally, chance, weights, weighting, resamples=resamples, level=level, seed=seed
    )
