"""The labels of a table in the order aggregation reads them: by item, with known answers beside."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray, is_missing
from annotate.stats.table import LongTable


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The ``n`` labels that count, sorted by unit.

    A unit is an item, or an (item, criterion) pair where the table has criteria. A label of weight 0 counts as no
    label, and a unit without labels is left out.

    Attributes
    ----------
    unit, rater, level : (n,) int arrays
        Places in `units`, `raters` and `levels`; `unit` ascends and leaves no gap.
    weight : (n,) float array or None
        Positive; None where every label counts once.
    start : (n_units,) int array
        First row of every unit.
    known : (n_units,) int array
        Place of the known answer among the levels, -1 where it is not known.
    n_left_out : int
        Units of the table without a label that counts.
    """

    unit: IntArray
    rater: IntArray
    level: IntArray
    weight: FloatArray | None
    start: IntArray
    units: tuple[Hashable, ...]
    raters: tuple[Hashable, ...]
    levels: tuple[Hashable, ...]
    known: IntArray
    n_left_out: int

    @classmethod
    def of(cls, table: LongTable, known: Mapping[Hashable, Hashable] | None = None) -> Self:
        """Sort a table's labels; `known` maps units to answers, and entries for other units are ignored.

        Raises `NotEstimable` where no label counts, `Rejected` for a known answer that is no level.
        """
        code, rater, level, weight = table.unit, table.rater.codes, table.value.codes, table.weight
        if weight is not None:
            counts = weight > 0
            code, rater, level, weight = code[counts], rater[counts], level[counts], weight[counts]
        if not len(code):
            raise NotEstimable("There is no label to aggregate.")
        if (code[1:] < code[:-1]).any():
            order = np.argsort(code, kind="stable")
            code, rater, level = code[order], rater[order], level[order]
            weight = None if weight is None else weight[order]
        is_first = np.append(True, code[1:] != code[:-1])
        start = np.flatnonzero(is_first)
        units = _unit_keys(table, code[start])
        levels = table.value.vocab
        return cls(
            unit=np.cumsum(is_first) - 1,
            rater=rater,
            level=level,
            weight=weight,
            start=start,
            units=units,
            raters=table.rater.vocab,
            levels=levels,
            known=_known_codes(units, levels, known or {}),
            n_left_out=len(np.unique(table.unit)) - len(start) if table.weight is not None else 0,
        )

    @property
    def n_units(self) -> int:
        return len(self.units)

    @property
    def n_raters(self) -> int:
        return len(self.raters)

    @property
    def n_levels(self) -> int:
        return len(self.levels)

    @property
    def cell(self) -> IntArray:
        """(n,) place of each label among the (rater, level) cells."""
        return self.rater * self.n_levels + self.level

    @property
    def is_known(self) -> BoolArray:
        return self.known >= 0

    def need_two_levels(self, method: str) -> None:
        """Raises `NotEstimable` where there is nothing to get wrong."""
        if self.n_levels < 2:
            raise NotEstimable(f"{method} needs two levels; every label here is {self.levels[0]!r}.")

    def votes(self, voice: FloatArray | None = None) -> FloatArray:
        """(n_levels, n_units) sums of weights; `voice` (n_raters,) multiplies every label of a rater."""
        weight = self.weight
        if voice is not None:
            weight = voice[self.rater] if weight is None else weight * voice[self.rater]
        place = self.level * self.n_units + self.unit
        found = np.bincount(place, weights=weight, minlength=self.n_levels * self.n_units)
        return found.astype(np.float64).reshape(self.n_levels, self.n_units)

    def clamp(self, posterior: FloatArray) -> FloatArray:
        """The same (n_levels, n_units) array, in place, with certainty where the answer is known."""
        places = np.flatnonzero(self.is_known)
        posterior[:, places] = 0.0
        posterior[self.known[places], places] = 1.0
        return posterior

    def counts(self, posterior: FloatArray) -> FloatArray:
        r"""(n_raters, true level, given level) expected counts :math:`N_{jkl} = \sum_i T_{ik} n_{ijl}`."""
        cell, size = self.cell, self.n_raters * self.n_levels
        found = np.empty((self.n_levels, size))
        for true in range(self.n_levels):
            mass = posterior[true][self.unit]
            found[true] = np.bincount(
                cell, weights=mass if self.weight is None else mass * self.weight, minlength=size
            )
        return np.ascontiguousarray(
            found.reshape(self.n_levels, self.n_raters, self.n_levels).transpose(1, 0, 2)
        )


def _unit_keys(table: LongTable, units: IntArray) -> tuple[Hashable, ...]:
    items = table.item.vocab
    if table.criterion is None:
        return items if len(units) == len(items) else tuple(items[unit] for unit in units.tolist())
    criteria = table.criterion.vocab
    pairs = (divmod(unit, len(criteria)) for unit in units.tolist())
    return tuple((items[item], criteria[criterion]) for item, criterion in pairs)


def _known_codes(
    units: tuple[Hashable, ...], levels: tuple[Hashable, ...], known: Mapping[Hashable, Hashable]
) -> IntArray:
    codes = np.full(len(units), -1, dtype=np.int64)
    if not known:
        return codes
    place = {level: code for code, level in enumerate(levels)}
    for row, unit in enumerate(units):
        answer = known.get(unit)
        if is_missing(answer):
            continue
        if answer not in place:
            raise Rejected(
                f"the known answer {answer!r} of {unit!r} is not one of the levels {list(levels)!r}",
                field="known",
            )
        codes[row] = place[answer]
    return codes
