"""Gwet's AC1 and AC2: chance is that raters guess, and only on items that are hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.chance import ChanceResult, chance_corrected
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums
from annotate.stats.fleiss import shares_of
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


@dataclass(frozen=True, slots=True, eq=False)
class Guessing:
    r"""Chance agreement :math:`\frac{\sum_{kl} w_{kl}}{q (q - 1)} \sum_k \pi_k (1 - \pi_k)`."""

    tally: Tally
    weights: FloatArray
    name: str = "gwet"

    @property
    def sums(self) -> ClusterSums:
        return self.tally.shares()

    @property
    def scale(self) -> float:
        q = len(self.weights)
        return float(self.weights.sum()) / (q * (q - 1)) if q > 1 else float("nan")

    def expected(self, totals: FloatArray) -> FloatArray:
        share = shares_of(totals)
        guessed: FloatArray = self.scale * (share * (1 - share)).sum(axis=1)
        return guessed

    def shift(self, totals: FloatArray) -> FloatArray:
        share = shares_of(totals[None, :])[0]
        return -2 * self.scale * (self.tally.mean_of(share) - float(np.square(share).sum()))


def gwet_ac(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Gwet's AC1, or AC2 with weights, for any number of raters and with labels missing.

    .. math::
        AC = \frac{p_a - p_e}{1 - p_e}, \qquad
        p_e = \frac{\sum_{kl} w_{kl}}{q (q - 1)} \sum_k \pi_k (1 - \pi_k)

    with the observed agreement and the shares of `fleiss_kappa`. q counts the levels of the table, used or
    not: name the possible `levels` when building it. Where nearly all labels are the same it stays near the
    plain agreement, while kappas and alpha fall to 0. Parameters and errors as for `fleiss_kappa`.

    Returns
    -------
    ChanceResult
        Defined for identical labels (1.0) as long as a second level is known to be possible.

    References
    ----------
    Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high agreement.
    British Journal of Mathematical and Statistical Psychology 61, 29-48. doi:10.1348/000711006X126600

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2], rater=["a", "b"] * 2, value=["ok"] * 4, levels=["wrong", "ok"])
    >>> gwet_ac(table, resamples=0).value
    1.0
    """
    table.refuse_weights("Gwet's coefficient")
    tally, weights = Tally.of(table), agreement_weights(table, weighting, spacing)
    chance = Guessing(tally, weights)
    return chance_corrected(
        table, tally, chance, weights, weighting, resamples=resamples, level=level, seed=seed
    )
