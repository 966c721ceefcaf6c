"""How often each rater gives the known answer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import IntArray, is_missing
from annotate.stats.table import LongTable


@dataclass(frozen=True, slots=True)
class RaterAccuracy:
    """One rater against gold: `k` of `n` labels match, with a Wilson interval.

    `confusion` maps (gold value, given value) to a count. Without overlap `n` is 0, the numbers are None and
    `reason` says so: an unmeasured rater is not a bad one.
    """

    rater: Hashable
    n: int
    k: int
    accuracy: float | None
    low: float | None
    high: float | None
    confusion: Mapping[tuple[Hashable, Hashable], int]
    reason: str | None


def wilson_interval(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    r"""Wilson score interval for a proportion, k of n.

    .. math:: \frac{k + z^2/2}{n + z^2} \pm \frac{z}{n + z^2} \sqrt{\frac{k (n - k)}{n} + \frac{z^2}{4}}

    Raises `Rejected` unless ``0 <= k <= n``, ``n >= 1`` and ``0 < level < 1``.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22,
    209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_interval(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    if not 0 <= k <= n or n < 1:
        raise Rejected(f"{k} of {n} is not a proportion", field="k")
    if not 0 < level < 1:
        raise Rejected("the level must lie between 0 and 1", field="level")
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    # Rounding would put these two limits a hair away from 0 and 1.
    return 0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half


def accuracy_against(
    table: LongTable, gold: Mapping[Hashable, Hashable], *, level: float = 0.95
) -> dict[Hashable, RaterAccuracy]:
    """Compare every rater with gold.

    Parameters
    ----------
    table : LongTable
        Unweighted.
    gold : mapping
        Known value per item, or per ``(item, criterion)`` when the table has criteria. None and NaN mean
        that the answer is not known; such items, and items not named, are left out.
    level : float
        Coverage of the interval. It takes labels as independent; where one trace holds many of a rater's
        labels it is too narrow.

    Returns
    -------
    dict
        `RaterAccuracy` per rater of the table's vocabulary, in its order.

    Raises
    ------
    Rejected
        A weighted table, or an impossible `level`.

    Examples
    --------
    >>> table = LongTable.from_columns(
    ...     item=[1, 2, 1, 3], rater=["bob", "bob", "eve", "new"], value=["good", "bad", "bad", "good"])
    >>> report = accuracy_against(table, {1: "good", 2: "bad"})
    >>> report["bob"].k, report["bob"].n, report["eve"].confusion, report["new"].accuracy
    (2, 2, {('good', 'bad'): 1}, None)
    """
    table.refuse_weights("accuracy")
    answers, truth = _gold_by_row(table, gold)
    counts: list[dict[tuple[Hashable, Hashable], int]] = [{} for _ in table.rater.vocab]
    known = truth >= 0
    seen = np.stack([table.rater.codes[known], truth[known], table.value.codes[known]])
    cells, count = np.unique(seen, axis=1, return_counts=True)
    for (rater, right, given), number in zip(cells.T.tolist(), count.tolist(), strict=True):
        counts[rater][answers[right], table.value.vocab[given]] = number
    return {
        rater: _rater_accuracy(rater, confusion, level)
        for rater, confusion in zip(table.rater.vocab, counts, strict=True)
    }


def _gold_by_row(table: LongTable, gold: Mapping[Hashable, Hashable]) -> tuple[list[Hashable], IntArray]:
    """Distinct gold values, and for each row the place of its own among them (-1 where not known)."""
    places: dict[Hashable, int] = {}
    units, row_unit = np.unique(table.unit, return_inverse=True)
    truth = np.full(len(units), -1, dtype=np.int64)
    for place, unit in enumerate(units.tolist()):
        answer = gold.get(_unit_key(table, unit))
        if not is_missing(answer):
            truth[place] = places.setdefault(answer, len(places))
    return list(places), truth[row_unit]


def _unit_key(table: LongTable, unit: int) -> Hashable:
    if table.criterion is None:
        return table.item.vocab[unit]
    item, criterion = divmod(unit, len(table.criterion.vocab))
    return table.item.vocab[item], table.criterion.vocab[criterion]


def _rater_accuracy(
    rater: Hashable, confusion: dict[tuple[Hashable, Hashable], int], level: float
) -> RaterAccuracy:
    n = sum(confusion.values())
    if n == 0:
        reason = "has labelled no item whose answer is known"
        return RaterAccuracy(rater, 0, 0, None, None, None, confusion, reason)
    k = sum(count for (right, given), count in confusion.items() if right == given)
    low, high = wilson_interval(k, n, level=level)
    return RaterAccuracy(rater, n, k, k / n, low, high, confusion, None)
