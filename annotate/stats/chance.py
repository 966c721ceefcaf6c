"""Agreement corrected for chance: what the kappas have in common, which is all but their idea of chance."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from annotate.stats.bootstrap import BootstrapResult, ClusterStatistic, cluster_bootstrap
from annotate.stats.codes import FloatArray
from annotate.stats.coincidence import ClusterSums
from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import Weighting

# Below this, 1 - chance is rounding and not a difference.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class ChanceResult:
    """A chance-corrected coefficient and what it rests on.

    Attributes
    ----------
    name : str
        Whose idea of chance: cohen, scott, fleiss, conger, gwet, brennan, krippendorff.
    weighting : {'identity', 'linear', 'quadratic', 'ordinal'}
    value : float or None
        ``(agreement - chance) / (1 - chance)``; None when undefined, with a `reason`.
    agreement, chance : float or None
        Observed and expected agreement, both weighted.
    prevalence : mapping
        Share of each level among the labels. Without it a kappa cannot be read: where nearly all labels are
        the same, it is low however well raters agree.
    se : float or None
        Large-sample standard error as published for the coefficient. It takes items as independent;
        where traces hold many steps, trust `low` and `high`.
    se_null : float or None
        Standard error if there were no agreement beyond chance, for a test of that; Cohen's kappa only.
    low, high : float or None
        Percentile limits at `level` under resampling of traces.
    n_items, n_raters, n_labels, n_clusters : int
        Items with two labels or more; all raters, labels and traces that were read.
    n_unpaired : int
        Items with one label: they count for the shares of the levels, not for agreement.
    reason : str or None
        Why `value`, or else the interval, is missing.
    """

    name: str
    weighting: Weighting
    value: float | None
    agreement: float | None
    chance: float | None
    prevalence: Mapping[Hashable, float]
    se: float | None
    se_null: float | None
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


class Chance(Protocol):
    """An idea of chance: expected agreement as a function of sums over clusters."""

    @property
    def name(self) -> str: ...

    @property
    def sums(self) -> ClusterSums:
        """What chance depends on, K columns."""
        ...

    def expected(self, totals: FloatArray) -> FloatArray:
        """(b,) chance agreement for (b, K) totals; NaN where it is not defined."""
        ...

    def shift(self, totals: FloatArray) -> FloatArray:
        """(n_units,) first-order change of chance agreement by each unit, given the (K,) totals; mean 0."""
        ...


class Parts(ClusterStatistic, Protocol):
    """A cluster statistic made of observed and expected agreement."""

    def parts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(b,) observed and (b,) expected agreement for (b, n_clusters) weights; NaN where not defined."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ChanceStatistic:
    """A coefficient as a function of cluster weights: each unit with two labels or more counts once."""

    agreeing: FloatArray
    paired: FloatArray
    chance: Chance
    sums: ClusterSums

    @property
    def n_clusters(self) -> int:
        return len(self.paired)

    @property
    def width(self) -> int:
        return max(self.sums.n_columns, 1)

    def parts(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        below = weights @ self.paired
        observed = np.full(len(weights), np.nan)
        np.divide(weights @ self.agreeing, below, out=observed, where=below > 0)
        return observed, self.chance.expected(self.sums.totals(weights))

    def evaluate(self, weights: FloatArray) -> FloatArray:
        return corrected(*self.parts(weights))


def corrected(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """``(observed - expected) / (1 - expected)``, NaN where chance alone agrees always."""
    value = np.full(len(observed), np.nan)
    room = 1 - expected
    np.divide(observed - expected, room, out=value, where=room > _NOTHING)
    return value


def chance_corrected(
    table: LongTable,
    tally: Tally,
    chance: Chance,
    weights: FloatArray,
    weighting: Weighting,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> ChanceResult:
    """The coefficient of one idea of chance, its standard error and its interval over traces."""
    credit = tally.agreement(weights)
    statistic = ChanceStatistic(tally.by_cluster(credit), tally.by_cluster(tally.paired), chance, chance.sums)

    def errors(value: float, expected: float) -> tuple[float | None, None]:
        shift = chance.shift(statistic.sums.totals(np.ones((1, tally.n_clusters)))[0])
        return standard_error(tally, credit, value, expected, shift), None

    return result_of(
        table, tally, statistic, chance.name, weighting, errors, resamples=resamples, level=level, seed=seed
    )


def result_of(
    table: LongTable,
    tally: Tally,
    statistic: Parts,
    name: str,
    weighting: Weighting,
    errors: Callable[[float, float], tuple[float | None, float | None]],
    *,
    resamples: int,
    level: float,
    seed: int,
) -> ChanceResult:
    """The value is the statistic with every cluster drawn once; `errors` gives se and se_null for it.

    `errors` is called with the value and the chance agreement, and only where the value is defined.
    """
    once = np.ones((1, statistic.n_clusters))
    observed, expected = (float(part[0]) for part in statistic.parts(once))
    value = float(statistic.evaluate(once)[0])
    is_defined = not np.isnan(value)
    se, se_null = errors(value, expected) if is_defined else (None, None)
    interval = BootstrapResult(None, None, level, statistic.n_clusters, 0, 0, None)
    if is_defined and resamples:
        interval = cluster_bootstrap(statistic, seed=seed, resamples=resamples, level=level)
    return ChanceResult(
        name=name,
        weighting=weighting,
        value=value if is_defined else None,
        agreement=None if np.isnan(observed) else observed,
        chance=None if np.isnan(expected) else expected,
        prevalence=dict(zip(table.value.vocab, tally.prevalence().tolist(), strict=True)),
        se=se,
        se_null=se_null,
        low=interval.low,
        high=interval.high,
        level=level,
        n_items=int(tally.paired.sum()),
        n_raters=tally.n_raters,
        n_labels=len(table),
        n_clusters=statistic.n_clusters,
        n_unpaired=int(tally.n_units - tally.paired.sum()),
        n_resamples=interval.n_resamples,
        n_undefined=interval.n_undefined,
        reason=interval.reason if is_defined else why_undefined(table, tally, name),
    )


def standard_error(
    tally: Tally, credit: FloatArray, value: float, expected: float, shift: FloatArray
) -> float | None:
    r"""Linearised standard error over the n units, of which n' have two labels or more.

    .. math::
        x_i = \frac{n}{n'} \frac{a_i - [r_i \ge 2] p_e}{1 - p_e} - (1 - \kappa) \frac{\dot p_{e,i}}{1 - p_e},
        \qquad se^2 = \frac{\sum_i (x_i - \kappa)^2}{n (n - 1)}

    with :math:`a_i` the credit of a unit's pairs and :math:`\dot p_{e,i}` the `shift`. For two raters who
    labelled every unit the cells of their cross table are multinomial, and n takes the place of n - 1, as in
    Cohen's published error.

    References
    ----------
    Gwet, K. L. (2014). Handbook of Inter-Rater Reliability, 4th ed., section 5.3. ISBN 978-0970806284
    """
    n, paired = tally.n_units, tally.paired
    if n < 2:
        return None
    part = n / paired.sum() * (credit - expected * paired) - (1 - value) * shift
    spread = float(np.square(part / (1 - expected) - value).sum())
    return float(np.sqrt(spread / (n * (n if tally.is_cross_table else n - 1))))


def why_undefined(table: LongTable, tally: Tally, name: str) -> str:
    if not tally.paired.any():
        return "no item has two labels to compare"
    if len(table.value.vocab) < 2:
        only = table.value.vocab[0]
        return (
            f"all {len(table)} labels are {only!r}, and no other level is known:"
            f" name the possible levels, or chance agreement by {name} is not defined"
        )
    return f"chance agreement is 1 without variation in the labels, so that {name} is not defined"
