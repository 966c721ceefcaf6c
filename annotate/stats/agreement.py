"""How far raters agree beyond chance: Krippendorff's alpha, with plain percent agreement beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

import numpy as np

from annotate.stats.bootstrap import (
    BootstrapResult,
    ClusterStatistic,
    RatioOfSums,
    cluster_bootstrap,
)
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.coincidence import ClusterSums, Coincidences
from annotate.stats.difference import (
    Metric,
    difference,
    expected_disagreement,
    positions,
    scale_of,
)
from annotate.stats.table import LongTable

Measure: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio", "percent"]


@dataclass(frozen=True, slots=True)
class AgreementResult:
    """Agreement with its interval and what it rests on.

    Attributes
    ----------
    metric : {'nominal', 'ordinal', 'interval', 'ratio', 'percent'}
    value : float or None
        None when undefined, with a `reason`; never 0 or 1 in its place.
    percent : float or None
        Share of agreeing pairs, defined wherever two raters met (see `percent_agreement`).
    low, high : float or None
        Percentile limits at `level`; None when not asked for or not available (see `reason`).
    n_items, n_raters, n_labels, n_clusters : int
        What was compared: items labelled twice or more, and the raters, labels and traces they hold.
    n_unpaired : int
        Labels left out because nobody else labelled the item.
    n_resamples, n_undefined : int
        Resamples drawn, and those in which the value was undefined and which the interval leaves out.
    reason : str or None
        Why `value`, or else the interval, is missing.
    """

    metric: Measure
    value: float | None
    percent: float | None
    low: float | None
    high: float | None
    level: float
    n_items: int
    n_raters: int
    n_labels: int
    n_clusters: int
    n_unpaired: int
    n_resamples: int
    n_undefined: int
    reason: str | None


@dataclass(frozen=True, slots=True, eq=False)
class AlphaStatistic:
    """Alpha as a function of cluster weights.

    `disagreement` holds the pairs that met, one column each, when their distance depends on the margins
    (ordinal); for the other metrics the distances are already multiplied in and one column is left.
    """

    metric: Metric
    scale: FloatArray
    margins: ClusterSums
    disagreement: ClusterSums
    low: IntArray
    high: IntArray

    @classmethod
    def of(cls, coincidences: Coincidences, metric: Metric, scale: FloatArray) -> Self:
        """Prepare the sums for one metric and the (n_levels,) scale from `scale_of`."""
        pairs, low, high = coincidences.pairs, coincidences.low, coincidences.high
        if metric != "ordinal":
            pairs = pairs.collapsed(difference(metric, scale[None, :], low, high)[0])
        return cls(metric, scale, coincidences.margins, pairs, low, high)

    @property
    def n_clusters(self) -> int:
        return self.margins.n_clusters

    @property
    def width(self) -> int:
        return max(self.margins.n_columns, self.disagreement.n_columns)

    def evaluate(self, weights: FloatArray) -> FloatArray:
        """(b,) values for (b, n_clusters) weights; NaN unless at least two levels are in use."""
        margins = self.margins.totals(weights)
        place = positions(self.metric, self.scale, margins)
        observed = self.disagreement.totals(weights)
        if self.metric == "ordinal":
            observed = observed * difference(self.metric, place, self.low, self.high)
        expected = expected_disagreement(self.metric, place, margins)
        varies = np.count_nonzero(margins, axis=1) >= 2
        disagreement = np.full(len(weights), np.nan)
        scaled = (margins.sum(axis=1) - 1) * observed.sum(axis=1)
        np.divide(scaled, expected, out=disagreement, where=varies)
        return 1 - disagreement


def krippendorff_alpha(
    table: LongTable,
    metric: Metric = "nominal",
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> AgreementResult:
    r"""Krippendorff's alpha, for any number of raters and with labels missing.

    .. math::
        \alpha = 1 - \frac{(n - 1) \sum_{c<k} o_{ck} \delta^2_{ck}}{\sum_{c<k} n_c n_k \delta^2_{ck}},
        \qquad o_{ck} = \sum_u \frac{n_{uc} n_{uk}}{n_u - 1}

    where :math:`n_{uc}` counts the labels of level c on item u, :math:`n_u` the labels on item u (items with
    one label drop out), :math:`n_c = \sum_u n_{uc}` and :math:`n = \sum_c n_c`. A table with criteria
    compares labels within (item, criterion) and pools the criteria; see `LongTable.only`.

    Parameters
    ----------
    table : LongTable
        Unweighted. The interval resamples `LongTable.cluster`.
    metric : {'nominal', 'ordinal', 'interval', 'ratio'}
        :math:`\delta^2_{ck}`: 1; the squared number of labels between the two levels (from the margins of
        this table, not fixed weights as in Gwet's AC2); :math:`(c-k)^2`; :math:`((c-k)/(c+k))^2`.
    resamples : int
        Bootstrap draws for the interval; 0 for none.
    level : float
        Coverage aimed at.
    seed : int

    Returns
    -------
    AgreementResult
        `value` is None when no item has two labels, and when all compared labels are the same: without
        variation chance agreement is 1 and alpha is 0/0.

    Raises
    ------
    Rejected
        A weighted table, or values the metric cannot place (see `difference.scale_of`).

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability.
    https://repository.upenn.edu/asc_papers/43

    Hayes, A. F. & Krippendorff, K. (2007). Answering the call for a standard reliability measure for coding
    data. Communication Methods and Measures 1(1), 77-89. doi:10.1080/19312450709336664

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 2, 2, 3, 3, 4, 4], rater=["a", "b"] * 4, value=[1, 1, 2, 3, 3, 3, 1, 2])
    >>> result = krippendorff_alpha(table, "ordinal", resamples=0)
    >>> round(result.value, 4), result.percent, result.n_items
    (0.7083, 0.5, 4)
    """
    table.refuse_weights("alpha")
    scale = scale_of(table, metric)
    counted = Coincidences.of(table)
    statistic = AlphaStatistic.of(counted, metric, scale)
    return _result(table, counted, statistic, metric, resamples=resamples, level=level, seed=seed)


def percent_agreement(
    table: LongTable, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> AgreementResult:
    r"""Chance that two raters drawn at random agree on an item drawn at random.

    .. math:: P = \frac{1}{U} \sum_u \sum_c \frac{n_{uc} (n_{uc} - 1)}{n_u (n_u - 1)}

    over the U items with at least two labels; each item counts once. It is not corrected for chance, and is
    defined where alpha is not. Parameters, errors and result as for `krippendorff_alpha`.

    References
    ----------
    Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin 76(5),
    378-382. doi:10.1037/h0031619

    Examples
    --------
    >>> table = LongTable.from_columns(item=[1, 1, 2, 2], rater=["a", "b"] * 2, value=["ok"] * 4)
    >>> percent_agreement(table, resamples=0).value
    1.0
    >>> krippendorff_alpha(table).reason
    "all 4 compared labels are 'ok': without variation alpha is not defined"
    """
    table.refuse_weights("percent agreement")
    counted = Coincidences.of(table)
    statistic = RatioOfSums(counted.agreeing, counted.units)
    return _result(
        table,
        counted,
        statistic,
        "percent",
        resamples=resamples,
        level=level,
        seed=seed,
    )


def _result(
    table: LongTable,
    counted: Coincidences,
    statistic: ClusterStatistic,
    measure: Measure,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> AgreementResult:
    """The point value is the statistic with every cluster drawn once."""
    n_items = int(counted.units.sum())
    value = float(statistic.evaluate(np.ones((1, counted.n_clusters)))[0])
    is_defined = not np.isnan(value)
    interval = BootstrapResult(None, None, level, counted.n_clusters, 0, 0, None)
    if is_defined and resamples:
        interval = cluster_bootstrap(statistic, seed=seed, resamples=resamples, level=level)
    return AgreementResult(
        metric=measure,
        value=value if is_defined else None,
        percent=float(counted.agreeing.sum()) / n_items if n_items else None,
        low=interval.low,
        high=interval.high,
        level=level,
        n_items=n_items,
        n_raters=counted.n_raters,
        n_labels=counted.n_labels,
        n_clusters=counted.n_clusters,
        n_unpaired=len(table) - counted.n_labels,
        n_resamples=interval.n_resamples,
        n_undefined=interval.n_undefined,
        reason=interval.reason if is_defined else _why_undefined(table, counted),
    )


def _why_undefined(table: LongTable, counted: Coincidences) -> str:
    if not counted.n_labels:
        return "no item has two labels to compare"
    used = counted.margins.totals(np.ones((1, counted.n_clusters)))[0]
    only = table.value.vocab[int(np.argmax(used))]
    return f"all {counted.n_labels} compared labels are {only!r}: without variation alpha is not defined"
