"""How far apart raters see the first error of a trace."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.errors import Rejected
from annotate.stats.bootstrap import RatioOfSums, cluster_bootstrap
from annotate.stats.codes import BoolArray, Codes, Column, FloatArray, IntArray, first_row, is_missing
from annotate.stats.coincidence import meetings
from annotate.stats.depth import depth_of_rows
from annotate.stats.table import LongTable

NO_ERROR = -1


@dataclass(frozen=True, slots=True, eq=False)
class FirstErrors:
    """Where each rater saw the first error of a trace: its 0-based place, or `NO_ERROR`.

    `trace`, `rater` and `place` have one entry per reading. `n_unknown` readings said neither where an error
    is nor that there is none; they are left out, and are no "no error".
    """

    trace: Codes
    rater: Codes
    place: IntArray
    n_unknown: int

    @classmethod
    def of_columns(cls, trace: Column, rater: Column, place: Column) -> Self:
        """Readings given as places, `NO_ERROR` for none; None and NaN are unknown.

        Rejects a place that is no whole number from -1 on, and a second reading of a trace by one rater.
        """
        traces, raters = Codes.of(trace, field="trace"), Codes.of(rater, field="rater")
        known = np.array([not is_missing(one) for one in place], dtype=np.bool_)
        places = np.full(len(known), NO_ERROR, dtype=np.int64)
        for row in np.flatnonzero(known).tolist():
            places[row] = _whole(place[row], row)
        kept = np.flatnonzero(known)
        reading = traces.codes[kept] * max(len(raters.vocab), 1) + raters.codes[kept]
        _, first = np.unique(reading, return_index=True)
        if len(first) < len(reading):
            row = int(kept[np.setdiff1d(np.arange(len(reading)), first)[0]]) + 1
            raise Rejected("this rater has already said where the first error is", row=row, field="rater")
        return cls(traces.take(kept), raters.take(kept), places[kept], int((~known).sum()))

    @classmethod
    def of_steps(cls, table: LongTable, depth: Mapping[Hashable, int], wrong: Set[Hashable]) -> Self:
        """Read the places off labels of steps.

        A reading is known only when every step before its first wrong one is labelled, or, without a wrong
        one, every step of the trace (as far as the table names them). So whoever stopped at an error is
        known, and whoever skipped a step before it is not.

        Parameters
        ----------
        table : LongTable
            Steps as items, traces as clusters, one criterion.
        depth : mapping
            Place of each step in its trace, from 0.
        wrong : set
            The labels that say "this step is an error".
        """
        if table.criterion is not None and len(np.unique(table.criterion.codes)) > 1:
            raise Rejected("first errors are of one criterion: choose one", field="criterion")
        depths = depth_of_rows(table, depth)
        rank, length = _ranks(table, depths)
        reading = table.cluster.codes * len(table.rater.vocab) + table.rater.codes
        used, owner = np.unique(reading, return_inverse=True)
        is_wrong = np.array([value in wrong for value in table.value.vocab], dtype=np.bool_)
        flagged = is_wrong[table.value.codes] if len(table) else np.empty(0, dtype=np.bool_)
        trace, rater = used // max(len(table.rater.vocab), 1), used % max(len(table.rater.vocab), 1)
        # The rank one past the last step stands for "no error".
        first = length[trace]
        np.minimum.at(first, owner[flagged], rank[flagged])
        before = np.bincount(owner, weights=rank < first[owner], minlength=len(used))
        known = before == first
        place = np.full(len(used), NO_ERROR, dtype=np.int64)
        at = flagged & (rank == first[owner])
        place[owner[at]] = depths[at]
        return cls(
            Codes(trace[known], table.cluster.vocab),
            Codes(rater[known], table.rater.vocab),
            place[known],
            int((~known).sum()),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A mean over traces with its interval; `value` is None with a `reason` when no trace bears on it."""

    value: float | None
    low: float | None
    high: float | None
    n_traces: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class FirstErrorAgreement:
    """How two raters of a trace, drawn at random, see its first error; every trace counts once.

    Attributes
    ----------
    exact : Share
        They name the same step, or both see no error.
    within_one : Share
        They name the same step or neighbours, or both see no error.
    one_sided : Share
        One sees an error and the other none.
    distance : Share
        Steps between the places, where both name one.
    n_readings, n_pairs, n_unknown : int
    """

    exact: Share
    within_one: Share
    one_sided: Share
    distance: Share
    n_readings: int
    n_pairs: int
    n_unknown: int


def first_error_agreement(
    found: FirstErrors, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> FirstErrorAgreement:
    r"""Agreement on where the first error is, with intervals over traces.

    Each figure is :math:`\frac{1}{T} \sum_t \bar f_t`, the mean over traces of the mean over the pairs of
    raters of a trace; for the distance over the pairs in which both name a step.

    References
    ----------
    Zheng, C. et al. (2024). ProcessBench: identifying process errors in mathematical reasoning.
    arXiv:2412.06559 (whose convention, -1 for "no error", is kept here)

    Examples
    --------
    >>> found = FirstErrors.of_columns(
    ...     trace=["t", "t", "u", "u"], rater=["a", "b", "a", "b"], place=[3, 4, -1, 2])
    >>> result = first_error_agreement(found, resamples=0)
    >>> result.exact.value, result.within_one.value, result.one_sided.value, result.distance.value
    (0.0, 0.5, 0.5, 1.0)
    """
    order = np.argsort(found.trace.codes, kind="stable")
    one, other = meetings(found.trace.codes[order])
    trace, place = found.trace.codes[order][one], found.place[order]
    a, b = place[one], place[other]
    apart = np.abs(a - b)
    both = (a != NO_ERROR) & (b != NO_ERROR)
    everywhere = np.ones(len(a), dtype=np.bool_)

    def share(amount: FloatArray | BoolArray | IntArray, where: BoolArray) -> Share:
        return _share(trace[where], amount[where], resamples=resamples, level=level, seed=seed)

    return FirstErrorAgreement(
        exact=share(a == b, everywhere),
        within_one=share((a == b) | (both & (apart <= 1)), everywhere),
        one_sided=share((a == NO_ERROR) != (b == NO_ERROR), everywhere),
        distance=share(apart, both),
        n_readings=len(found.place),
        n_pairs=len(a),
        n_unknown=found.n_unknown,
    )


def _share(
    trace: IntArray,
    amount: FloatArray | BoolArray | IntArray,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> Share:
    if not len(trace):
        return Share(None, None, None, 0, "no trace has two readings to compare")
    used, owner, pairs = np.unique(trace, return_inverse=True, return_counts=True)
    mean = np.bincount(owner, weights=amount) / pairs
    if not resamples:
        return Share(float(mean.mean()), None, None, len(used), None)
    interval = cluster_bootstrap(
        RatioOfSums(mean, np.ones(len(used))), seed=seed, resamples=resamples, level=level
    )
    return Share(float(mean.mean()), interval.low, interval.high, len(used), interval.reason)


def _ranks(table: LongTable, depths: IntArray) -> tuple[IntArray, IntArray]:
    """(n,) rank of each row's step among the steps of its trace, and (n_clusters,) numbers of steps."""
    cluster = table.cluster.codes
    stride = int(depths.max()) + 1 if len(depths) else 1
    steps, step = np.unique(cluster * stride + depths, return_inverse=True)
    length = np.bincount(steps // stride, minlength=len(table.cluster.vocab))
    first = np.concatenate([[0], np.cumsum(length)])[:-1]
    n_items = max(len(table.item.vocab), 1)
    items = np.unique(step * n_items + table.item.codes) // n_items
    twice = items[1:][items[1:] == items[:-1]]
    if len(twice):
        row = first_row(step == twice[0])
        raise Rejected("two steps of the trace have this place", row=int(table.row[row - 1]), field="depth")
    return step - first[cluster], length


def _whole(place: object, row: int) -> int:
    number = int(place) if isinstance(place, (int, float, np.integer, np.floating)) else None
    if number is None or number != place or number < NO_ERROR:
        raise Rejected(f"{place!r} is no place of a step from 0 on, nor -1", row=row + 1, field="place")
    return number
