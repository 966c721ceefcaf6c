"""Brennan and Prediger's coefficient: chance is that every level is as likely as any other."""

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
class EvenShares:
    r"""Chance agreement :math:`\sum_{kl} w_{kl} / q^2`, whatever was labelled."""

    tally: Tally
    weights: FloatArray
    name: str = "brennan"

    @property
    def sums(self) -> ClusterSums:
        nothing = np.empty(0, dtype=np.int64)
        return ClusterSums.of(nothing, nothing, np.empty(0), self.tally.n_clusters, 0)

    def expected(self, totals: FloatArray) -> FloatArray:
        return np.full(len(totals), self.weights.mean() if self.weights.size else np.nan)

    def shift(self, totals: FloatArray) -> FloatArray:
        return np.zeros(self.tally.n_units)


def brennan_prediger(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Brennan and Prediger's coefficient, weighted if wanted, with labels missing.

    .. math:: \kappa_{BP} = \frac{p_a - p_e}{1 - p_e}, \qquad p_e = \frac{1}{q^2} \sum_{kl} w_{kl}

    with the observed agreement of `fleiss_kappa`. q counts the levels of the table, used or not, so a level
    nobody would ever use raises the figure. Parameters and errors as for `fleiss_kappa`.

    Returns
    -------
    ChanceResult
        Undefined only without two labels on an item, and where no second level is known.

    References
    ----------
    Brennan, R. L. & Prediger, D. J. (1981). Coefficient kappa: some uses, misuses, and alternatives.
    Educational and Psychological Measurement 41, 687-699. doi:10.1177/001316448104100307

    Examples
    --------
    >>> table = LongTable.from_columns(item=[1, 1, 2, 2], rater=["a", "b"] * 2, value=[0, 0, 0, 1])
    >>> brennan_prediger(table, resamples=0).value
    0.0
    """
    table.refuse_weights("Brennan and Prediger's coefficient")
    tally, weights = Tally.of(table), agreement_weights(table, weighting, spacing)
    chance = EvenShares(tally, weights)
    return chance_corrected(
        table, tally, chance, weights, weighting, resamples=resamples, level=level, seed=seed
    )
