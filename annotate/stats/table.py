"""The long table every statistic reads: one row per label, ids as integer codes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal, Self, TypeAlias, cast

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import (
    BoolArray,
    Codes,
    Column,
    FloatArray,
    IntArray,
    factorize,
    first_row,
    is_missing,
    sealed,
)
from annotate.stats.groups import Groups

Repeats: TypeAlias = Literal["last", "first", "error", "keep"]
Facet: TypeAlias = Literal["item", "rater", "criterion", "value", "cluster"]


@dataclass(frozen=True, slots=True, eq=False)
class LongTable:
    """Labels in columns of one length ``n``, without missing values, and without repeats unless they were kept.

    Attributes
    ----------
    item, rater : Codes
        What was labelled (a step, a trace, a pair) and who labelled it.
    criterion : Codes or None
        What was asked; None when the table holds one question.
    value : Codes
        The answer. ``value.vocab`` holds the levels, in their order when `ordered` is true.
    cluster : Codes
        What is resampled as a whole: the trace of the item, or the item itself when none was named.
    weight : (n,) float array or None
        Non-negative weight per label; None means that every label counts once.
    row : (n,) int array
        1-based place of each label in the columns the table was built from.
    ordered : bool
        True when the levels were given in order or are all numbers.
    scores : (n_levels,) float array or None
        The levels as numbers, when all of them are.
    n_missing, n_repeated : int
        Labels left out because they had no value, or gave way to another by the same rater.
    has_repeats : bool
        True when a rater's further labels of the same item on the same criterion were kept and there are some.
    """

    item: Codes
    rater: Codes
    criterion: Codes | None
    value: Codes
    cluster: Codes
    weight: FloatArray | None
    row: IntArray
    ordered: bool
    scores: FloatArray | None
    n_missing: int
    n_repeated: int
    has_repeats: bool = False

    @classmethod
    def from_columns(
        cls,
        item: Column,
        rater: Column,
        value: Column,
        *,
        criterion: Column | None = None,
        cluster: Column | None = None,
        weight: Sequence[float] | FloatArray | None = None,
        levels: Sequence[Hashable] | None = None,
        repeats: Repeats = "last",
    ) -> Self:
        """Build a table from columns of hashable ids.

        Parameters
        ----------
        item, rater, value : sequences of length n
            None and NaN in `value` mean "no label": the row is dropped and counted, before `repeats` is
            applied, so an empty revision does not erase an earlier label.
        criterion, cluster : sequences of length n, optional
            An item belongs to one cluster.
        weight : sequence of n finite numbers >= 0, optional
        levels : sequence, optional
            Every possible value in order, lowest first. Without it the levels are the values seen: in
            numeric order when all are numbers, else in an order without meaning (`ordered` is false).
        repeats : {'last', 'first', 'error', 'keep'}
            Which label stands when a rater labelled the same item on the same criterion more than once. All of them
            do under 'keep', which is for models of repeated readings; a statistic that compares raters refuses them.

        Raises
        ------
        Rejected
            Columns of unequal length; a missing id; an infinite value or one outside `levels`; a bad
            weight; an item in two clusters; a repeat under ``repeats='error'``. Names the row.

        Examples
        --------
        >>> table = LongTable.from_columns(
        ...     item=["s1", "s1", "s2"], rater=["bob", "judge", "bob"], value=["good", "bad", None],
        ...     cluster=["t1", "t1", "t1"], levels=["bad", "neutral", "good"])
        >>> len(table), table.n_missing, table.value.codes.tolist()
        (2, 1, [2, 0])
        """
        _check_lengths(
            item=item,
            rater=rater,
            value=value,
            criterion=criterion,
            cluster=cluster,
            weight=weight,
        )
        items = Codes.of(item, field="item")
        raters = Codes.of(rater, field="rater")
        criteria = None if criterion is None else Codes.of(criterion, field="criterion")
        clusters = items if cluster is None else Codes.of(cluster, field="cluster")
        _check_nesting(items, clusters)
        values, ordered, scores = _code_values(value, levels)
        present = np.flatnonzero(values.codes >= 0)
        chosen, has_repeats = _resolve_repeats(present, _unit_codes(items, criteria), raters, repeats)
        weights = None if weight is None else _check_weights(np.asarray(weight, dtype=np.float64))
        return cls(
            item=items.take(chosen),
            rater=raters.take(chosen),
            criterion=None if criteria is None else criteria.take(chosen),
            value=values.take(chosen),
            cluster=clusters.take(chosen),
            weight=None if weights is None else weights[chosen],
            row=chosen + 1,
            ordered=ordered,
            scores=scores,
            n_missing=len(values.codes) - len(present),
            n_repeated=len(present) - len(chosen),
            has_repeats=has_repeats,
        )

    def __len__(self) -> int:
        return len(self.value.codes)

    @property
    def unit(self) -> IntArray:
        """(n,) codes of what is compared: the item, or the (item, criterion) pair."""
        return _unit_codes(self.item, self.criterion)

    def by(self, facet: Facet) -> Groups:
        """The rows of each item, rater, criterion, value or cluster; codes are places in its vocabulary.

        Rejects `criterion` for a table without criteria.
        """
        codes: Codes | None = getattr(self, facet)
        if codes is None:
            raise Rejected("the table has no criteria", field=facet)
        return Groups.of(codes.codes, len(codes.vocab))

    def only(self, criterion: Hashable) -> Self:
        """The labels of one criterion; vocabularies stay whole. Rejects a criterion the table lacks."""
        if self.criterion is None or criterion not in self.criterion.vocab:
            raise Rejected(f"no label has the criterion {criterion!r}", field="criterion")
        return self.where(self.criterion.codes == self.criterion.vocab.index(criterion))

    def refuse_weights(self, statistic: str) -> None:
        """Rejects a weighted table, for statistics in which a label cannot count as half."""
        if self.weight is not None:
            raise Rejected(
                f"{statistic} has no weighted form; drop the weights first",
                field="weight",
            )

    def refuse_repeats(self, statistic: str) -> None:
        """Rejects a table with kept repeats, for statistics in which a rater would agree with themselves."""
        if self.has_repeats:
            raise Rejected(
                f"{statistic} takes one label per rater and item; choose which of the repeats stands",
                field="rater",
            )

    def where(self, keep: BoolArray) -> Self:
        """The rows where the (n,) mask `keep` is true; vocabularies and counts of dropped rows stay."""
        return replace(
            self,
            item=self.item.take(keep),
            rater=self.rater.take(keep),
            criterion=None if self.criterion is None else self.criterion.take(keep),
            value=self.value.take(keep),
            cluster=self.cluster.take(keep),
            weight=None if self.weight is None else self.weight[keep],
            row=self.row[keep],
        )


def _code_values(value: Column, levels: Sequence[Hashable] | None) -> tuple[Codes, bool, FloatArray | None]:
    """Value codes (-1 where missing), whether the levels are ordered, and the levels as numbers."""
    raw, seen = factorize(value, "value")
    for code, key in enumerate(seen):
        if isinstance(key, (float, np.floating)) and math.isinf(key):
            raise Rejected("the value is infinite", row=first_row(raw == code), field="value")
    present = [key for key in seen if not is_missing(key)]
    numeric = all(isinstance(key, Real) for key in (present if levels is None else levels))
    if levels is not None:
        ranked = tuple(levels)
    elif numeric:
        ranked = tuple(sorted(present, key=_score))
    else:
        ranked = tuple(sorted(present, key=lambda key: (type(key).__name__, repr(key))))
    position = {key: place for place, key in enumerate(ranked)}
    if len(position) != len(ranked):
        raise Rejected("a level is named twice", field="levels")
    lookup = np.full(max(len(seen), 1), -1, dtype=np.int64)
    for code, key in enumerate(seen):
        if is_missing(key):
            continue
        if key not in position:
            row = first_row(raw == code)
            raise Rejected(
                f"{key!r} is not one of the levels {list(ranked)!r}",
                row=row,
                field="value",
            )
        lookup[code] = position[key]
    scores = np.array([_score(key) for key in ranked]) if numeric and ranked else None
    return Codes(sealed(lookup[raw]), ranked), numeric or levels is not None, scores


def _score(level: Hashable) -> float:
    return float(cast(Real, level))


def _unit_codes(item: Codes, criterion: Codes | None) -> IntArray:
    return item.codes if criterion is None else item.codes * len(criterion.vocab) + criterion.codes


def _resolve_repeats(
    present: IntArray, unit: IntArray, rater: Codes, repeats: Repeats
) -> tuple[IntArray, bool]:
    """Row indices that stand, ascending, out of the `present` ones, and whether there are repeats among them."""
    key = unit[present] * max(len(rater.vocab), 1) + rater.codes[present]
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    is_first = np.ones(len(key), dtype=np.bool_)
    is_first[1:] = ranked[1:] != ranked[:-1]
    if repeats == "error" and not is_first.all():
        row = int(present[order[~is_first]].min()) + 1
        raise Rejected("this rater has already labelled this item", row=row, field="rater")
    if repeats == "keep":
        return present, not bool(is_first.all())
    is_last = np.ones(len(key), dtype=np.bool_)
    is_last[:-1] = is_first[1:]
    return np.sort(present[order[is_last if repeats == "last" else is_first]]), False


def _check_nesting(item: Codes, cluster: Codes) -> None:
    home = np.zeros(len(item.vocab), dtype=np.int64)
    home[item.codes[::-1]] = cluster.codes[::-1]  # the first row wins, so the error names a later one
    strays = home[item.codes] != cluster.codes
    if strays.any():
        row = first_row(strays)
        name = item.vocab[item.codes[row - 1]]
        raise Rejected(f"item {name!r} belongs to two clusters", row=row, field="cluster")


def _check_weights(weight: FloatArray) -> FloatArray:
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise Rejected("a weight must be a finite number >= 0", row=first_row(bad), field="weight")
    return weight


def _check_lengths(**columns: Column | Sequence[float] | FloatArray | None) -> None:
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise Rejected(f"columns differ in length: {lengths}", field=", ".join(lengths))
