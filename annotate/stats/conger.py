"""Conger's kappa: chance is that every rater draws from a distribution of labels of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.chance import ChanceResult, chance_corrected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.coincidence import ClusterSums, compressed
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


@dataclass(frozen=True, slots=True, eq=False)
class OwnShares:
    r"""Chance agreement :math:`\frac{1}{R (R - 1)} \sum_{g \ne h} \sum_{kl} w_{kl} p_{gk} p_{hl}`.

    `rater` and `level` are the (n,) codes of the labels, raters numbered 0..n_raters - 1.
    """

    tally: Tally
    weights: FloatArray
    rater: IntArray
    level: IntArray
    name: str = "conger"

    @property
    def sums(self) -> ClusterSums:
        q = self.tally.n_levels
        home = self.tally.home[self.tally.row_unit]
        column = self.rater * q + self.level
        return ClusterSums.of(
            home, column, np.ones(len(column)), self.tally.n_clusters, self.tally.n_raters * q
        )

    def expected(self, totals: FloatArray) -> FloatArray:
        drawn = np.full(len(totals), np.nan)
        # One resample at a time: raters x levels may be as large as the labels themselves.
        for place, row in enumerate(totals):
            share, labelled = self._shares(row)
            raters = int(np.count_nonzero(labelled))
            if raters >= 2:
                pooled = share.sum(axis=0)
                own = float(((share @ self.weights) * share).sum())
                drawn[place] = (float(pooled @ self.weights @ pooled) - own) / (raters * (raters - 1))
        return drawn

    def shift(self, totals: FloatArray) -> FloatArray:
        share, labelled = self._shares(totals)
        raters = int(np.count_nonzero(labelled))
        slope = 2 * (share.sum(axis=0) - share) @ self.weights / (raters * (raters - 1))
        change = slope[self.rater, self.level] - (slope * share).sum(axis=1)[self.rater]
        scaled = self.tally.n_units / labelled[self.rater] * change
        moved = np.bincount(self.tally.row_unit, weights=scaled, minlength=self.tally.n_units)
        return moved.astype(np.float64, copy=False)

    def _shares(self, totals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(R, q) shares of each rater's labels, zeros for a rater without any, and (R,) their numbers."""
        counts = totals.reshape(self.tally.n_raters, self.tally.n_levels)
        labelled: FloatArray = counts.sum(axis=1)
        share: FloatArray = counts / np.where(labelled > 0, labelled, 1)[:, None]
        return share, labelled


def conger_kappa(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Conger's kappa for several raters: Cohen's for two who labelled the same items.

    .. math::
        \kappa = \frac{p_a - p_e}{1 - p_e}, \qquad
        p_e = \frac{1}{R (R - 1)} \sum_{g \ne h} \sum_{kl} w_{kl} p_{gk} p_{hl}

    with the observed agreement of `fleiss_kappa` and :math:`p_{gk}` the share of level k among the labels of
    rater g. It assumes raters with labels enough to know their shares; among many raters with a handful
    each it comes out near Fleiss' kappa. Parameters and errors as for `fleiss_kappa`.

    Returns
    -------
    ChanceResult
        Undefined without two labels on an item, and when all labels are the same.

    References
    ----------
    Conger, A. J. (1980). Integration and generalization of kappas for multiple raters. Psychological
    Bulletin 88(2), 322-328. doi:10.1037/0033-2909.88.2.322

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3, 4, 4], rater=["a", "b"] * 4, value=[1, 1, 1, 1, 1, 2, 2, 2])
    >>> conger_kappa(table, resamples=0).value
    0.5
    """
    table.refuse_weights("Conger's kappa")
    tally, weights = Tally.of(table), agreement_weights(table, weighting, spacing)
    _, rater = compressed(table.rater.codes, len(table.rater.vocab))
    chance = OwnShares(tally, weights, rater, table.value.codes)
    return chance_corrected(
        table, tally, chance, weights, weighting, resamples=resamples, level=level, seed=seed
    )
