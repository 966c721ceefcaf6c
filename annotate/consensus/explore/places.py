"""How far apart two raters place the first error of the traces both have read (pure)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from annotate.stats.codes import BoolArray, IntArray

NO_ERROR, UNKNOWN = -1, -2
MOST_RATERS = 8
"""Raters whose places are compared, those with most traces; pairs grow with their square."""
FEWEST_TRACES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Labels in columns, one entry per rater and step: rater, trace, the step's place, and whether it is bad."""

    rater: IntArray
    trace: IntArray
    position: IntArray
    is_bad: BoolArray


@dataclass(frozen=True, slots=True)
class Apart:
    """Two raters on ``n`` traces: the same place, the first's earlier or later, or an error only one of them sees.

    ``mean`` is by how many steps the first's places are later, where both see an error; None where they never both do.
    """

    one: str
    other: str
    n: int
    same: int
    earlier: int
    later: int
    only_one: int
    only_other: int
    mean: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def places_of(said: Said, length: IntArray, n_raters: int) -> IntArray:
    """(n_raters, n_traces) where each rater sees the first error of each trace: a place, `NO_ERROR` or `UNKNOWN`.

    Known only where every step before it, or without one every step of the trace, has the rater's label.
    ``length`` (n_traces,) are the steps of the traces.
    """
    shape = (n_raters, len(length))
    far = np.iinfo(np.int64).max
    first = np.full(shape, far, dtype=np.int64)
    np.minimum.at(first, (said.rater[said.is_bad], said.trace[said.is_bad]), said.position[said.is_bad])
    before = np.zeros(shape, dtype=np.int64)
    is_before = said.position < first[said.rater, said.trace]
    np.add.at(before, (said.rater[is_before], said.trace[is_before]), 1)
    is_known = np.where(first == far, before == length[None, :], before == first)
    place = np.where(first == far, NO_ERROR, first)
    return np.where(is_known, place, UNKNOWN)


def apart(places: IntArray, names: list[str]) -> tuple[list[Apart], int]:
    """Every two of the raters with most traces that have enough in common, and how many raters were left out."""
    known = (places != UNKNOWN).sum(axis=1)
    speaking = np.flatnonzero(known)
    chosen = sorted(speaking[np.argsort(-known[speaking], kind="stable")][:MOST_RATERS].tolist())
    found = []
    for one, other in combinations(chosen, 2):
        met = (places[one] != UNKNOWN) & (places[other] != UNKNOWN)
        if met.sum() >= FEWEST_TRACES:
            found.append(_apart(places[one][met], places[other][met], names[one], names[other]))
    return found, len(speaking) - len(chosen)


def _apart(one: IntArray, other: IntArray, name: str, other_name: str) -> Apart:
    both = (one != NO_ERROR) & (other != NO_ERROR)
    shift = (one - other)[both]
    return Apart(
        name,
        other_name,
        n=len(one),
        same=int((one == other).sum()),
        earlier=int((shift < 0).sum()),
        later=int((shift > 0).sum()),
        only_one=int(((one != NO_ERROR) & (other == NO_ERROR)).sum()),
        only_other=int(((one == NO_ERROR) & (other != NO_ERROR)).sum()),
        mean=float(shift.mean()) if len(shift) else None,
    )
