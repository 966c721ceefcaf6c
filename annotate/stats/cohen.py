"""Cohen's kappa of two raters, plain or weighted, with both of its standard errors."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.stats.chance import ChanceResult, corrected, result_of
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums
from annotate.stats.cross_table import CrossTable
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Spacing, Weighting, agreement_weights


@dataclass(frozen=True, slots=True, eq=False)
class CohenStatistic:
    """Kappa from cross tables summed over clusters."""

    sums: ClusterSums
    weights: FloatArray

    @property
    def n_clusters(self) -> int:
        return self.sums.n_clusters

    @property
    def width(self) -> int:
        return max(self.sums.n_columns, 1)

    def parts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        q = len(self.weights)
        counts = self.sums.totals(weights).reshape(-1, q, q)
        n = counts.sum(axis=(1, 2))
        observed, expected = np.full((2, len(weights)), np.nan)
        np.divide((counts * self.weights).sum(axis=(1, 2)), n, out=observed, where=n > 0)
        drawn = ((counts.sum(axis=2) @ self.weights) * counts.sum(axis=1)).sum(axis=1)
        np.divide(drawn, n * n, out=expected, where=n > 0)
        return observed, expected

    def evaluate(self, weights: FloatArray) -> FloatArray:
        return corrected(*self.parts(weights))


def cohen_kappa(
    table: LongTable,
    weighting: Weighting = "identity",
    *,
    spacing: Spacing = "places",
    raters: tuple[Hashable, Hashable] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> ChanceResult:
    r"""Cohen's kappa over the items that both raters labelled.

    .. math::
        \kappa = \frac{p_o - p_e}{1 - p_e}, \qquad
        p_o = \sum_{kl} w_{kl} p_{kl}, \quad p_e = \sum_{kl} w_{kl} p_{k\cdot} p_{\cdot l}

    with :math:`p_{kl}` the share of items to which the first rater gave k and the second l.

    Parameters
    ----------
    table : LongTable
        Unweighted.
    weighting : {'identity', 'linear', 'quadratic', 'ordinal'}
    spacing : {'places', 'numbers'}
        See `agreement_weights`; over the levels of the table, used or not.
    raters : pair, optional
        Whom to compare; not needed where the table has two.
    resamples, level, seed
        As for `fleiss_kappa`.

    Returns
    -------
    ChanceResult
        `se` is the asymptotic standard error, for intervals; `se_null` the one if kappa were 0, for
        ``z = value / se_null``. Undefined without a shared item, and when both gave one and the same level.

    Raises
    ------
    Rejected
        A weighted table; more or fewer than two raters and none named; a rater without labels; a weighting
        without an order of the levels.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20(1), 37-46. doi:10.1177/001316446002000104

    Fleiss, J. L., Cohen, J. & Everitt, B. S. (1969). Large sample standard errors of kappa and weighted kappa.
    Psychological Bulletin 72(5), 323-327. doi:10.1037/h0028106

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3, 4, 4], rater=["a", "b"] * 4, value=[1, 1, 1, 1, 1, 2, 2, 2])
    >>> cohen_kappa(table, resamples=0).value
    0.5
    """
    table.refuse_weights("Cohen's kappa")
    cross, weights = CrossTable.of(table, raters), agreement_weights(table, weighting, spacing)

    def errors(value: float, expected: float) -> tuple[float, float]:
        return standard_errors(cross.counts, weights, value, expected)

    return result_of(
        cross.both,
        Tally.of(cross.both),
        CohenStatistic(cross.sums, weights),
        "cohen",
        weighting,
        errors,
        resamples=resamples,
        level=level,
        seed=seed,
    )


def standard_errors(
    counts: FloatArray, weights: FloatArray, value: float, expected: float
) -> tuple[float, float]:
    r"""Asymptotic standard error of kappa, and the one under no agreement beyond chance.

    .. math::
        se^2 = \frac{\sum_{kl} p_{kl} \bigl(w_{kl} - (1 - \kappa) (\bar w_{k\cdot} + \bar w_{\cdot l})\bigr)^2
        - (\kappa - p_e (1 - \kappa))^2}{n (1 - p_e)^2}, \qquad
        se_0^2 = \frac{\sum_{kl} p_{k\cdot} p_{\cdot l} \bigl(w_{kl} - (\bar w_{k\cdot} + \bar w_{\cdot l})\bigr)^2
        - p_e^2}{n (1 - p_e)^2}

    with :math:`\bar w_{k\cdot} = \sum_l p_{\cdot l} w_{kl}` and :math:`\bar w_{\cdot l} = \sum_k p_{k\cdot} w_{kl}`.
    """
    n = counts.sum()
    share = counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    pull = (weights @ columns)[:, None] + rows @ weights
    observed = float((share * np.square(weights - (1 - value) * pull)).sum())
    null = float((np.outer(rows, columns) * np.square(weights - pull)).sum())
    below = n * (1 - expected) ** 2
    # Rounding may leave a hair below zero where raters agree on everything.
    spread = max(observed - (value - expected * (1 - value)) ** 2, 0.0)
    return float(np.sqrt(spread / below)), float(np.sqrt(max(null - expected**2, 0.0) / below))
