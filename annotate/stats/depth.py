"""Agreement by how deep in its trace a step stands."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from annotate.errors import Rejected
from annotate.stats.agreement import AgreementResult, krippendorff_alpha
from annotate.stats.codes import IntArray, first_row
from annotate.stats.difference import Metric
from annotate.stats.table import LongTable


@dataclass(frozen=True, slots=True)
class DepthAgreement:
    """Agreement on the steps from `first` to `last`, both included; `last` is None for "and deeper".

    `prevalence` is the share of each level among the labels there: where later steps are nearly all wrong,
    alpha falls although nobody agrees less.
    """

    first: int
    last: int | None
    agreement: AgreementResult
    prevalence: Mapping[Hashable, float]


def agreement_by_depth(
    table: LongTable,
    depth: Mapping[Hashable, int],
    metric: Metric = "nominal",
    *,
    most: int = 20,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[DepthAgreement, ...]:
    """Krippendorff's alpha (and percent agreement) at every depth that holds labels.

    Parameters
    ----------
    table : LongTable
        Unweighted, with the trace as its cluster.
    depth : mapping
        Place of each item in its trace, from 0.
    metric : {'nominal', 'ordinal', 'interval', 'ratio'}
    most : int
        Steps at depth `most` and deeper are taken together.
    resamples, level, seed
        As for `krippendorff_alpha`.

    Returns
    -------
    tuple of DepthAgreement
        In the order of depth.

    Raises
    ------
    Rejected
        An item without a depth, or with a negative one; what `krippendorff_alpha` rejects.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=["s0", "s0", "s1", "s1"], rater=["a", "b"] * 2, value=[1, 1, 1, 2], cluster=["t"] * 4)
    >>> [(one.first, one.agreement.percent) for one in agreement_by_depth(table, {"s0": 0, "s1": 1})]
    [(0, 1.0), (1, 0.0)]
    """
    if most < 0:
        raise Rejected("the depth from which steps are taken together must not be negative", field="most")
    depths = np.minimum(depth_of_rows(table, depth), most)
    return tuple(
        _at(table.where(depths == one), one, one == most, metric, resamples=resamples, level=level, seed=seed)
        for one in np.unique(depths).tolist()
    )


def depth_of_rows(table: LongTable, depth: Mapping[Hashable, int]) -> IntArray:
    """(n,) depth of each row's item; rejects an item without one."""
    by_item = np.array([depth.get(item, -1) for item in table.item.vocab], dtype=np.int64)
    depths: IntArray = by_item[table.item.codes] if len(table) else np.empty(0, dtype=np.int64)
    if (depths < 0).any():
        place = first_row(depths < 0) - 1
        name = table.item.vocab[table.item.codes[place]]
        raise Rejected(f"the place of item {name!r} is not known", row=int(table.row[place]), field="depth")
    return depths


def _at(
    part: LongTable, depth: int, is_rest: bool, metric: Metric, *, resamples: int, level: float, seed: int
) -> DepthAgreement:
    found = krippendorff_alpha(part, metric, resamples=resamples, level=level, seed=seed)
    share = np.bincount(part.value.codes, minlength=len(part.value.vocab)) / len(part)
    prevalence = dict(zip(part.value.vocab, share.tolist(), strict=True))
    return DepthAgreement(depth, None if is_rest else depth, found, prevalence)
