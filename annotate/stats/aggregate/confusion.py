"""What each rater gives for each true level, and how sure that is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from annotate.errors import Rejected
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.codes import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval; the numbers are None with a `reason` where there is nothing to go by."""

    value: float | None
    low: float | None
    high: float | None
    n: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class RaterVerdict:
    """A rater as a method sees them: `accuracy`, and a `Rate` per (true level, given level)."""

    rater: Hashable
    n: float
    accuracy: Rate
    confusion: Mapping[tuple[Hashable, Hashable], Rate]


def wilson_limits(k: FloatArray, n: FloatArray, *, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Limits of `annotate.stats.accuracy.wilson_interval` for arrays of counts that need not be whole.

    NaN where `n` is 0; `Rejected` unless ``0 < level < 1``.

    Examples
    --------
    >>> low, high = wilson_limits(np.array([81.0]), np.array([263.0]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.2553], [0.3662])
    """
    if not 0 < level < 1:
        raise Rejected("the level must lie between 0 and 1", field="level")
    z = NormalDist().inv_cdf((1 + level) / 2)
    k = np.minimum(k, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, inner = k / n, np.sqrt(k * (n - k) / n + z * z / 4)
    centre, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * inner
    # Rounding would put a limit a hair inside a share of 0 or 1.
    low, high = np.minimum(centre - half, share), np.maximum(centre + half, share)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def confusion_rates(fit: AggregateFit) -> FloatArray:
    r"""(n_raters, true level, given level) rows of probabilities, NaN where no label speaks for a row.

    .. math:: \theta_{jkl} = \frac{a_{kl} + N_{jkl}}{\sum_l a_{kl} + N_{jkl}}

    with the expected counts N and the method's pseudo-labels a: for Dawid–Skene the fitted matrices, for `hierarchical`
    posterior means, and for methods whose raters have fewer parameters what their labels look like beside the result.
    """
    filled, total, is_seen = _filled(fit)
    return np.where(is_seen[:, :, None], filled / np.where(is_seen, total, 1.0)[:, :, None], np.nan)


def accuracies(fit: AggregateFit) -> FloatArray:
    """(n_raters,) expected share of labels that are right, NaN for a rater without labels."""
    right, n = _right(fit)
    return np.where(n > 0, right / np.where(n > 0, n, 1.0), np.nan)


def rater_verdicts(fit: AggregateFit, *, level: float = 0.95) -> tuple[RaterVerdict, ...]:
    """Accuracy and confusion of every rater, with Wilson intervals on expected counts.

    An interval takes the posterior for the truth: it says how much a rater's own labels leave open, and where the
    items themselves are in doubt it is too narrow. Pseudo-labels count in the rates and their intervals, and not in the
    accuracy. `Rejected` unless ``0 < level < 1``.

    Examples
    --------
    >>> from annotate.stats.aggregate.majority import majority
    >>> from annotate.stats.table import LongTable
    >>> table = LongTable.from_columns(
    ...     item=[1, 1, 1, 2, 2, 2], rater=["a", "b", "c"] * 2, value=[1, 1, 0, 0, 0, 0])
    >>> [(one.rater, round(one.accuracy.value, 3)) for one in rater_verdicts(majority(table))]
    [('a', 0.833), ('b', 0.833), ('c', 0.667)]
    """
    filled, total, _ = _filled(fit)
    low, high = wilson_limits(filled, total[:, :, None], level=level)
    rates = confusion_rates(fit)
    right, n = _right(fit)
    right_low, right_high = wilson_limits(right, n, level=level)
    share = accuracies(fit)
    return tuple(
        RaterVerdict(
            rater=rater,
            n=round(float(n[j]), 9),
            accuracy=_rate(share[j], right_low[j], right_high[j], n[j], "has no label that counts"),
            confusion={
                (true, given): _rate(
                    rates[j, k, m], low[j, k, m], high[j, k, m], total[j, k], f"has labelled no {true!r}"
                )
                for k, true in enumerate(fit.levels)
                for m, given in enumerate(fit.levels)
            },
        )
        for j, rater in enumerate(fit.raters)
    )


def _filled(
    fit: AggregateFit,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Counts with pseudo-labels, their sums per row, and which rows any label speaks for."""
    filled = fit.counts + fit.prior
    return filled, filled.sum(axis=2), fit.counts.sum(axis=2) > 0


def _right(fit: AggregateFit) -> tuple[FloatArray, FloatArray]:
    return np.trace(fit.counts, axis1=1, axis2=2), fit.counts.sum(axis=(1, 2))


def _rate(value: float, low: float, high: float, n: float, reason: str) -> Rate:
    if np.isnan(value):
        return Rate(None, None, None, 0.0, reason)
    return Rate(float(value), float(low), float(high), float(n), None)
