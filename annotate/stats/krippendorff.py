"""Krippendorff's alpha with fixed weights, and its published standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.chance import ChanceResult, corrected, result_of
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


@dataclass(frozen=True, slots=True, eq=False)
class PooledLabels:
    """Alpha from sums over clusters: every label of a unit with two or more counts once."""

    agreeing: FloatArray
    margins: ClusterSums
    weights: FloatArray

    @property
    def n_clusters(self) -> int:
        return len(self.agreeing)

    @property
    def width(self) -> int:
        return max(self.margins.n_columns, 1)

    def parts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        margins = self.margins.totals(weights)
        n = margins.sum(axis=1)
        observed, expected = np.full((2, len(weights)), np.nan)
        np.divide(weights @ self.agreeing, n, out=observed, where=n > 0)
        np.divide(((margins @ self.weights) * margins).sum(axis=1), n * n, out=expected, where=n > 0)
        # A pair of labels is drawn without putting the first one back.
        drawn = np.divide(1, n, out=np.zeros(len(n)), where=n > 0)
        return (1 - drawn) * observed + drawn, expected

    def evaluate(self, weights: FloatArray) -> FloatArray:
        return corrected(*self.parts(weights))


def weighted_alpha(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Krippendorff's alpha for weights that are fixed beforehand, with Gwet's standard error.

    .. math::
        \alpha = \frac{p_a - p_e}{1 - p_e}, \quad
        p_a = \Bigl(1 - \frac{1}{R}\Bigr) \frac{\sum_i r_i a_i}{R} + \frac{1}{R}, \quad
        p_e = \sum_{kl} w_{kl} \pi_k \pi_l, \quad \pi_k = \frac{\sum_i r_{ik}}{R}, \quad R = \sum_i r_i

    over the items with two labels or more, :math:`a_i` being the weighted share of agreeing pairs. Identity
    weights give `krippendorff_alpha`'s nominal value, quadratic ones of numbers its interval value. The
    ordinal weights here are Gwet's and do **not** give the ordinal alpha; see `agreement_weights`.
    Parameters and errors as for `fleiss_kappa`.

    References
    ----------
    Gwet, K. L. (2014). Handbook of Inter-Rater Reliability, 4th ed., sections 2.5 and 5.3.
    ISBN 978-0970806284

    Examples
    --------
    >>> table = LongTable.from_columns(item=[1, 1, 2, 2], rater=["a", "b"] * 2, value=[1, 1, 2, 3])
    >>> result = weighted_alpha(table, "linear", resamples=0)
    >>> round(result.value, 4), round(result.agreement, 4), round(result.chance, 4)
    (0.5714, 0.8125, 0.5625)
    """
    table.refuse_weights("alpha")
    weights = agreement_weights(table, weighting, spacing)
    tally = Tally.of(_only_paired(table))
    credit = tally.agreement(weights) * tally.size
    margins = ClusterSums.of(
        tally.home[tally.unit], tally.level, tally.count, tally.n_clusters, tally.n_levels
    )
    statistic = PooledLabels(tally.by_cluster(credit), margins, weights)

    def errors(value: float, expected: float) -> tuple[float | None, None]:
        return _standard_error(tally, credit, weights, expected), None

    return result_of(
        _only_paired(table),
        tally,
        statistic,
        "krippendorff",
        weighting,
        errors,
        resamples=resamples,
        level=level,
        seed=seed,
    )


def _only_paired(table: LongTable) -> LongTable:
    unit = table.unit
    return table.where(np.bincount(unit)[unit] >= 2) if len(table) else table


def _standard_error(tally: Tally, credit: FloatArray, weights: FloatArray, expected: float) -> float | None:
    """That of alpha without its small-sample term, linearised over the n units."""
    n, size = tally.n_units, tally.size
    if n < 2:
        return None
    longer = size / size.mean() - 1
    agreement = credit / size.mean()
    plain = agreement.mean()
    share = np.bincount(tally.level, weights=tally.count, minlength=tally.n_levels) / size.sum()
    chance = tally.mean_of(weights @ share) * (longer + 1) - expected * (longer + 1)
    # Units of other lengths are corrected by the agreement that includes the small-sample term: so do the
    # published figures (irrCAC 1.0 and 0.4), and the difference is in the fourth digit.
    corrected_by = plain + (1 - plain) / size.sum()
    slope = 2 * (1 - (plain - expected) / (1 - expected))
    part = agreement - plain - corrected_by * longer - slope * chance
    spread = float(np.square(part / (1 - expected)).sum())
    return float(np.sqrt(spread / (n * (n if tally.is_cross_table else n - 1))))
