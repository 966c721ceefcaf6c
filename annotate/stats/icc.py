"""Intraclass correlations of numeric labels, from complete tables of items by raters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.f_distribution import f_above, f_quantile
from annotate.stats.table import LongTable

Form: TypeAlias = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
FORMS: tuple[Form, ...] = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")


@dataclass(frozen=True, slots=True)
class IccResult:
    """One intraclass correlation.

    `f` is the F statistic of no difference between items, on `df1` and `df2` degrees of freedom, and `p` its
    tail (None where there is no error at all and F is infinite). `low` and `high` take items as independent.
    Where `value` is None a `reason` says why.
    """

    form: Form
    value: float | None
    low: float | None
    high: float | None
    level: float
    f: float | None
    df1: int
    df2: int
    p: float | None
    n_items: int
    n_raters: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of n items by k raters: between items, within them, between raters, error."""

    n: int
    k: int
    items: float
    within: float
    raters: float
    error: float

    @classmethod
    def of(cls, scores: FloatArray) -> _Squares:
        n, k = scores.shape
        grand = scores.mean()
        rows, columns = scores.mean(axis=1) - grand, scores.mean(axis=0) - grand
        rest = scores - grand - rows[:, None]
        error = float(np.square(rest - columns).sum() / ((n - 1) * (k - 1)))
        within = float(np.square(rest).sum() / (n * (k - 1)))
        items = float(k * np.square(rows).sum() / (n - 1))
        # What is left of nothing is rounding, and would give F a size.
        floor = 1e-24 * float(np.square(scores - grand).mean())
        return cls(
            n=n,
            k=k,
            items=items if items > floor else 0.0,
            within=within if within > floor else 0.0,
            raters=float(n * np.square(columns).sum() / (k - 1)),
            error=error if error > floor else 0.0,
        )


def intraclass_correlations(table: LongTable, *, level: float = 0.95) -> dict[Form, IccResult]:
    r"""The six intraclass correlations of Shrout and Fleiss, with F and intervals.

    With n items, k raters and the mean squares between items B, within items W, between raters J and of
    error E,

    .. math::
        ICC1 = \frac{B - W}{B + (k - 1) W}, \quad
        ICC2 = \frac{B - E}{B + (k - 1) E + k (J - E) / n}, \quad
        ICC3 = \frac{B - E}{B + (k - 1) E}

    and, for the mean of the k labels, :math:`ICC1k = (B - W) / B`, :math:`ICC2k = (B - E) / (B + (J - E) / n)`,
    :math:`ICC3k = (B - E) / B`.

    ICC1 is for items labelled by different raters each; ICC2 for raters who stand for others, so that
    strictness counts as error; ICC3 for these very raters, strictness left out.

    Parameters
    ----------
    table : LongTable
        Unweighted, with numbers as values. ICC1 and ICC1k need equally many labels on every item, the others
        every rater on every item.
    level : float
        Coverage of the intervals.

    Returns
    -------
    dict
        An `IccResult` per form. Without the labels a form needs, or without any variation, its `value` is
        None and `reason` says why.

    Raises
    ------
    Rejected
        A weighted table, values that are not numbers, an impossible `level`.

    References
    ----------
    Shrout, P. E. & Fleiss, J. L. (1979). Intraclass correlations: uses in assessing rater reliability.
    Psychological Bulletin 86(2), 420-428. doi:10.1037/0033-2909.86.2.420

    Examples
    --------
    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> cells = [(item, rater, score) for item, row in enumerate(scores) for rater, score in enumerate(row)]
    >>> found = intraclass_correlations(LongTable.from_columns(*zip(*cells)))
    >>> [round(found[form].value, 4) for form in ("ICC1", "ICC2", "ICC3")]
    [0.1657, 0.2898, 0.7148]
    """
    table.refuse_weights("an intraclass correlation")
    if not 0 < level < 1:
        raise Rejected("the level must lie between 0 and 1", field="level")
    if len(table) and table.scores is None:
        raise Rejected("an intraclass correlation needs numbers as values", field="value")
    scores, raters, why_not = _by_item(table)
    if scores is None:
        return {form: _missing(form, level, 0, raters, why_not) for form in FORMS}
    squares = _Squares.of(scores)
    n = len(scores)
    crossed = why_not is None
    if not squares.items and not squares.within:
        reason = "all labels are the same: without variation a correlation is not defined"
        return {form: _missing(form, level, n, raters, reason) for form in FORMS}
    return {
        form: _form(form, squares, level, raters)
        if crossed or form in ("ICC1", "ICC1k")
        else _missing(form, level, n, raters, why_not)
        for form in FORMS
    }


def _by_item(table: LongTable) -> tuple[FloatArray | None, int, str | None]:
    """(n, k) scores, the number of raters, and why they do not suffice: columns are raters if they do."""
    if not len(table):
        return None, 0, "there are no labels"
    assert table.scores is not None
    units, unit = np.unique(table.unit, return_inverse=True)
    raters, rater = np.unique(table.rater.codes, return_inverse=True)
    order = np.lexsort((rater, unit))
    size = np.bincount(unit)
    k = int(size[0])
    if len(units) < 2 or (size < 2).all():
        return None, len(raters), "two items or more, with two labels or more each, are needed"
    if (size != k).any():
        odd = table.item.vocab[table.item.codes[np.argmax(size[unit] != k)]]
        return (
            None,
            len(raters),
            f"item {odd!r} has not as many labels as the first: complete data are needed",
        )
    scores = table.scores[table.value.codes[order]].reshape(len(units), k)
    if len(raters) == k:
        return scores, k, None
    return scores, len(raters), f"{len(raters)} raters share the items: each must have labelled every item"


def _missing(form: Form, level: float, n_items: int, n_raters: int, reason: str | None) -> IccResult:
    return IccResult(form, None, None, None, level, None, 0, 0, None, n_items, n_raters, reason)


def _form(form: Form, ms: _Squares, level: float, raters: int) -> IccResult:
    n, k = ms.n, ms.k
    noise = ms.within if form.startswith("ICC1") else ms.error
    df1, df2 = n - 1, n * (k - 1) if form.startswith("ICC1") else (n - 1) * (k - 1)
    between = (ms.raters - ms.error) / n if form.startswith("ICC2") else 0.0
    single = _ratio(ms.items - noise, ms.items + (k - 1) * noise + k * between)
    low, high = (
        _two_way_interval(ms, single, level) if form.startswith("ICC2") else _interval(ms, noise, df2, level)
    )
    value: float | None = single
    if form.endswith("k"):
        value = _ratio(ms.items - noise, ms.items + between)
        low, high = (_stepped_up(limit, k) for limit in (low, high))
    f = ms.items / noise if noise else None
    p = None if f is None else f_above(f, df1, df2)
    reason = None if value is not None else "there are no differences between items"
    if value is None:
        low = high = None
    return IccResult(form, value, low, high, level, f, df1, df2, p, n, raters, reason)


def _ratio(above: float, below: float) -> float | None:
    return above / below if below else None


def _interval(ms: _Squares, noise: float, df2: int, level: float) -> tuple[float | None, float | None]:
    """Limits of ICC1 and ICC3 from the F of items against noise."""
    if not noise:
        return 1.0, 1.0
    f, tail = ms.items / noise, (1 + level) / 2
    lower = f / f_quantile(tail, ms.n - 1, df2)
    upper = f * f_quantile(tail, df2, ms.n - 1)
    return (lower - 1) / (lower + ms.k - 1), (upper - 1) / (upper + ms.k - 1)


def _two_way_interval(ms: _Squares, value: float | None, level: float) -> tuple[float | None, float | None]:
    """Limits of ICC2, whose noise mixes raters and error (Satterthwaite's degrees of freedom)."""
    n, k = ms.n, ms.k
    if value is None or not (ms.raters or ms.error):
        return (None, None) if value is None else (1.0, 1.0)
    from_raters = k * value * ms.raters
    from_error = (n * (1 + (k - 1) * value) - k * value) * ms.error
    below = (n - 1) * from_raters**2 + from_error**2
    if not below:
        return None, None
    df = (k - 1) * (n - 1) * (from_raters + from_error) ** 2 / below
    if df <= 0:
        return None, None
    tail = (1 + level) / 2
    over, under = f_quantile(tail, n - 1, df), f_quantile(tail, df, n - 1)
    rest = k * ms.raters + (k * n - k - n) * ms.error
    low = n * (ms.items - over * ms.error) / (over * rest + n * ms.items)
    high = n * (under * ms.items - ms.error) / (rest + n * under * ms.items)
    return low, high


def _stepped_up(limit: float | None, k: int) -> float | None:
    """Spearman and Brown: from one label to the mean of k."""
    return None if limit is None else _ratio(k * limit, 1 + (k - 1) * limit)
