"""Cluster bootstrap: whole traces are drawn again, because the steps of one trace are not independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray

# Numbers held by one block of resamples (16 MB of float64): larger blocks were not faster, only bigger.
_BLOCK = 1 << 21


class ClusterStatistic(Protocol):
    """A number that depends on the data only through sums over clusters."""

    @property
    def n_clusters(self) -> int:
        """Clusters that carry information; the columns of `evaluate`'s argument."""
        ...

    @property
    def width(self) -> int:
        """Numbers needed at once to evaluate one resample; bounds the memory of a block."""
        ...

    def evaluate(self, weights: FloatArray) -> FloatArray:
        """(b,) values for (b, n_clusters) cluster weights; NaN where a resample leaves it undefined."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RatioOfSums:
    """``sum(w * numerator) / sum(w * denominator)`` over clusters, e.g. a share of steps."""

    numerator: FloatArray
    denominator: FloatArray

    @property
    def n_clusters(self) -> int:
        return len(self.numerator)

    @property
    def width(self) -> int:
        return max(len(self.numerator), 1)

    def evaluate(self, weights: FloatArray) -> FloatArray:
        below = weights @ self.denominator
        ratio = np.full(len(weights), np.nan)
        np.divide(weights @ self.numerator, below, out=ratio, where=below > 0)
        return ratio


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """A percentile interval, and how much of the resampling it rests on.

    `low` and `high` are None with a `reason` when the interval cannot be stated. `n_undefined` of the
    `n_resamples` draws left the statistic undefined; the interval describes the others.
    """

    low: float | None
    high: float | None
    level: float
    n_clusters: int
    n_resamples: int
    n_undefined: int
    reason: str | None


def cluster_bootstrap(
    statistic: ClusterStatistic,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> BootstrapResult:
    r"""Percentile interval of a statistic under resampling of whole clusters.

    Each resample draws C clusters out of C with replacement: the draw is a vector of multinomial counts
    :math:`w_b`, and the statistic is evaluated on the weighted sums :math:`\sum_c w_{bc} s_c` of the
    clusters' sufficient statistics, as one matrix product per block. The labels are never copied.

    Parameters
    ----------
    statistic : ClusterStatistic
    seed : int
        The same seed gives the same interval.
    resamples : int
        Number of draws, at least 1.
    level : float
        Coverage aimed at, between 0 and 1. With fewer than about 30 clusters percentile intervals cover
        less often than they say.

    Returns
    -------
    BootstrapResult
        Without limits when there are fewer than two clusters, or when the statistic is undefined in a
        larger share of the resamples than the interval leaves out (``1 - level``).

    Raises
    ------
    Rejected
        `resamples` below 1, or `level` outside (0, 1).

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). Bootstrap Methods and their Application, section 3.8.
    doi:10.1017/CBO9780511802843

    Examples
    --------
    >>> share = RatioOfSums(np.array([3.0, 0.0, 2.0, 1.0]), np.array([3.0, 3.0, 3.0, 3.0]))
    >>> result = cluster_bootstrap(share, seed=1, resamples=500)
    >>> 0 <= result.low < 0.5 < result.high <= 1, result.n_undefined
    (True, 0)
    """
    if resamples < 1:
        raise Rejected("at least one resample is needed", field="resamples")
    if not 0 < level < 1:
        raise Rejected("the level must lie between 0 and 1", field="level")
    n_clusters = statistic.n_clusters
    if n_clusters < 2:
        reason = f"an interval needs two traces or more, and {n_clusters} could be used"
        return BootstrapResult(None, None, level, n_clusters, 0, 0, reason)
    values = _resampled(statistic, np.random.default_rng(seed), resamples)
    defined = values[~np.isnan(values)]
    n_undefined = resamples - len(defined)
    if n_undefined > (1 - level) * resamples:
        reason = f"undefined in {n_undefined} of {resamples} resamples: too few traces vary"
        return BootstrapResult(None, None, level, n_clusters, resamples, n_undefined, reason)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return BootstrapResult(float(low), float(high), level, n_clusters, resamples, n_undefined, None)


def _resampled(statistic: ClusterStatistic, rng: np.random.Generator, resamples: int) -> FloatArray:
    """(resamples,) values of the statistic, computed in blocks of bounded size."""
    n_clusters = statistic.n_clusters
    block = max(1, _BLOCK // max(n_clusters, statistic.width))
    values = np.empty(resamples)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        weights = np.empty((rows, n_clusters))
        for row in range(rows):
            weights[row] = np.bincount(rng.integers(n_clusters, size=n_clusters), minlength=n_clusters)
        values[start : start + rows] = statistic.evaluate(weights)
    return values
