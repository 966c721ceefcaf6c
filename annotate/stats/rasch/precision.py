r"""Standard errors of measures when all others are estimated too.

The precision A of `curvature` is inverted exactly where that is cheap: items share no rating, so their block is
diagonal, and only what is left once they are eliminated is ever written down.

In large designs the diagonal of the inverse is taken from one step of the Schur complement,
:math:`1 / (h_j - \sum_i h_{ji}^2 / h_i)`, and scaled so that its sum is the trace of the inverse over the two largest
facets, which is estimated with random signs (Hutchinson 1990, doi:10.1080/03610919008812866).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Self

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.curvature import Curvature

_EXACT_COST = 4e9
"""Multiplications up to which the exact inverse is worth its time (about a second)."""
_EXACT_SIZE = 2000
_PIN = 1e3
"""How much more precisely than by its ratings the sum of a facet is held, where nothing else fixes it."""
_CELLS = 1 << 21
_PROBES = 8
_TURNS = 60
_ACCURATE = 1e-3
_NOTHING = 1e-9
"""Information of an element whose ratings could not have been others."""


def posterior_errors(curvature: Curvature, *, seed: int) -> FloatArray:
    """(n_elements,) standard errors, NaN where nothing was estimated.

    Random facets but the first are taken as centred: what all of a facet's elements share is no error of theirs.
    """
    layout = _Layout.of(curvature)
    size = float(layout.size)
    if size <= _EXACT_SIZE and layout.n_items * size * size <= _EXACT_COST:
        return _exact(curvature, layout)
    return _approximate(curvature, np.random.default_rng(seed))


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Columns of everything but the items: their elements, then free thresholds, then (maybe) a location.

    Where no facet is a set of parameters nothing else carries the level of all ratings: it is a column of its own.
    """

    n_items: int
    element: IntArray
    step: IntArray
    location: int
    size: int

    @classmethod
    def of(cls, curvature: Curvature) -> Self:
        design, free = curvature.design, curvature.steps.free
        n_items = len(design.ratings.facets[0])
        chosen = curvature.is_free & (curvature.by_ratings > _NOTHING)
        chosen[:n_items] = False
        element = np.where(chosen, np.cumsum(chosen) - 1, -1)
        step = np.where(free, np.cumsum(free.ravel()).reshape(free.shape) - 1 + chosen.sum(), -1)
        size = int(chosen.sum() + free.sum())
        carried = any(not facet.is_random for facet in design.ratings.facets[1:]) or design.is_anchored.any()
        return cls(n_items, element, step, -1 if carried else size, size + (not carried))


def _exact(curvature: Curvature, layout: _Layout) -> FloatArray:
    n_items = layout.n_items
    information = curvature.information[:n_items]
    free = curvature.is_free[:n_items] & (information > _NOTHING)
    own = np.where(free, 1 / np.maximum(information, _NOTHING), 0.0)
    entries = _entries(curvature, layout)
    matrix = _rest(curvature, layout, entries)
    _add_priors(matrix, curvature, layout)
    for block, rows in _item_rows(curvature, layout, entries):
        matrix -= (rows * own[block, None]).T @ rows
    inverse = np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
    diagonal = np.sqrt(np.maximum(np.diagonal(inverse), 0.0))
    errors = np.where(layout.element >= 0, np.append(diagonal, np.nan)[layout.element], np.nan)
    errors[:n_items] = np.where(
        free[:n_items], _item_errors(curvature, layout, entries, own, inverse), np.nan
    )
    return np.asarray(errors)


def _item_errors(
    curvature: Curvature, layout: _Layout, entries: list[_Entry], own: FloatArray, inverse: FloatArray
) -> FloatArray:
    """Of items as they are reported: with the level of all ratings, or else as distances from their mean."""
    variance, all_rows = own.copy(), np.zeros(layout.size)
    for block, rows in _item_rows(curvature, layout, entries):
        variance[block] += np.square(own[block]) * ((rows @ inverse) * rows).sum(axis=1)
        all_rows += (own[block, None] * rows).sum(axis=0)
    n_seen = max(int((own > 0).sum()), 1)
    for block, rows in _item_rows(curvature, layout, entries):
        if layout.location >= 0:
            shared = -own[block] * (rows @ inverse[layout.location])
            variance[block] += 2 * shared + inverse[layout.location, layout.location]
        elif curvature.prior.is_drawn[: layout.n_items].any():
            with_all = own[block] * (1 + (rows @ inverse) @ all_rows)
            variance[block] -= 2 * with_all / n_seen
    if layout.location < 0 and curvature.prior.is_drawn[: layout.n_items].any():
        variance += (own.sum() + all_rows @ inverse @ all_rows) / n_seen**2
    return np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One column per rating (−1 for none): what eta gains by it, and the share of the information it carries."""

    column: IntArray
    sign: float
    inner: int
    """Category of a threshold, 0 for everything that eta is a sum of."""


def _entries(curvature: Curvature, layout: _Layout) -> list[_Entry]:
    design = curvature.design
    entries = [
        _Entry(layout.element[places], float(sign), 0)
        for sign, places in zip(design.sign[1:], design.index[1:], strict=True)
    ]
    scale = design.ratings.scale.codes
    entries += [
        _Entry(layout.step[scale, k], 1.0, k)
        for k in range(1, layout.step.shape[1] - 1)
        if (layout.step[:, k] >= 0).any()
    ]
    if layout.location >= 0:
        entries.append(_Entry(np.full(len(design.ratings), layout.location), 1.0, 0))
    return entries


def _shared(curvature: Curvature, one: _Entry, other: _Entry) -> FloatArray:
    """(n,) information that two columns share in each rating; between two thresholds it is added elsewhere."""
    inner = one.inner or other.inner
    if not inner:
        return one.sign * other.sign * curvature.moments.variance
    return -one.sign * other.sign * curvature.moments.mixed[:, inner - 1]


def _rest(curvature: Curvature, layout: _Layout, entries: list[_Entry]) -> FloatArray:
    size = layout.size
    cells = np.zeros(size * size)
    for one in entries:
        for other in entries:
            if one.inner and other.inner:
                continue
            both = (one.column >= 0) & (other.column >= 0)
            place = one.column[both] * size + other.column[both]
            cells += np.bincount(place, _shared(curvature, one, other)[both], size * size)
    matrix = cells.reshape(size, size)
    for columns, block in zip(layout.step, curvature.moments.step_variance, strict=True):
        used = columns >= 0
        matrix[np.ix_(columns[used], columns[used])] += block[np.ix_(used, used)]
    return matrix


def _add_priors(matrix: FloatArray, curvature: Curvature, layout: _Layout) -> None:
    design, prior = curvature.design, curvature.prior
    parameters = layout.element[(layout.element >= 0) & ~prior.is_drawn]
    matrix[parameters, parameters] += prior.precision[(layout.element >= 0) & ~prior.is_drawn]
    for number, (size, variance) in enumerate(zip(prior.size, prior.variance, strict=True)):
        columns = layout.element[prior.member == number]
        columns = columns[columns >= 0]
        if len(columns):
            matrix[columns, columns] += 1 / variance
            matrix[np.ix_(columns, columns)] -= 1 / (variance * size)
    for facet, part in list(zip(design.ratings.facets, design.slices, strict=True))[1:]:
        columns = layout.element[part]
        columns = columns[columns >= 0]
        if facet.is_random and len(columns) and not design.is_anchored[part].any():
            matrix[np.ix_(columns, columns)] += _PIN * np.diagonal(matrix)[columns].mean()


def _item_rows(
    curvature: Curvature, layout: _Layout, entries: list[_Entry]
) -> Iterator[tuple[slice, FloatArray]]:
    """(b, size) information that each item shares with every column, some items at a time."""
    items = curvature.design.index[0]
    order = np.argsort(items, kind="stable")
    starts = np.searchsorted(items[order], np.arange(layout.n_items + 1))
    per_block = max(1, _CELLS // max(layout.size, 1))
    sign = float(curvature.design.sign[0])
    for first in range(0, layout.n_items, per_block):
        last = min(first + per_block, layout.n_items)
        own = order[starts[first] : starts[last]]
        rows = np.zeros((last - first) * layout.size)
        for entry in entries:
            column = entry.column[own]
            held = own[column >= 0]
            place = (items[held] - first) * layout.size + entry.column[held]
            if entry.inner:
                amount = -sign * curvature.moments.mixed[held, entry.inner - 1]
            else:
                amount = sign * entry.sign * curvature.moments.variance[held]
            rows += np.bincount(place, amount, len(rows))
        yield slice(first, last), rows.reshape(last - first, layout.size)


def _approximate(curvature: Curvature, rng: np.random.Generator) -> FloatArray:
    design = curvature.design
    own = np.maximum(curvature.information, 1e-300)
    left = own.copy()
    for one, other in permutations(range(len(design.ratings.facets)), 2):
        a, b, shared = _pairs(curvature, one, other)
        left -= np.bincount(a, np.square(shared) / own[b], design.n_elements)
    variance = np.where(left > 1e-9 * own, 1 / np.maximum(left, 1e-300), 1 / own)
    sizes = [len(facet) for facet in design.ratings.facets]
    one, other = np.argsort(sizes)[::-1][:2] if len(sizes) > 1 else (0, 0)
    if one != other:
        large = _Large(curvature, own, *_pairs(curvature, int(one), int(other)))
        for part in (design.slices[one], design.slices[other]):
            seen = np.where(curvature.is_free[part], variance[part], 0.0)
            variance[part] *= large.trace(part, rng) / max(float(seen.sum()), 1e-300)
    return np.where(curvature.is_free, np.sqrt(variance), np.nan)


def _pairs(curvature: Curvature, one: int, other: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Places of the elements of two facets that met, and the information they share."""
    design = curvature.design
    key = design.index[one].astype(np.int64) * design.n_elements + design.index[other]
    pair, place = np.unique(key, return_inverse=True)
    sign = float(design.sign[one] * design.sign[other])
    shared = sign * np.bincount(place, curvature.moments.variance, len(pair))
    first, second = np.divmod(pair, design.n_elements)
    return first, second, np.asarray(shared, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Large:
    """The information of two large facets, all others held."""

    curvature: Curvature
    own: FloatArray
    first: IntArray
    second: IntArray
    shared: FloatArray

    def trace(self, part: slice, rng: np.random.Generator) -> float:
        """Sum of the variances of the elements in ``part``, as distances from their mean."""
        total = 0.0
        free = self.curvature.is_free[part]
        for _ in range(_PROBES):
            probe = np.zeros(len(self.own))
            signs = np.where(free, rng.choice((-1.0, 1.0), size=len(free)), 0.0)
            probe[part] = np.where(free, signs - signs.sum() / max(int(free.sum()), 1), 0.0)
            total += float((probe * self._solved(probe)).sum())
        return total / _PROBES

    def _turned(self, along: FloatArray) -> FloatArray:
        prior = self.curvature.prior
        out = (self.own - prior.precision) * along + prior.pull(along)
        n = len(along)
        out += np.bincount(self.first, self.shared * along[self.second], n)
        out += np.bincount(self.second, self.shared * along[self.first], n)
        return np.where(self.curvature.is_free, out, 0.0)

    def _solved(self, right: FloatArray) -> FloatArray:
        found, rest = np.zeros_like(right), right
        near = rest / self.own
        along, size = near, float((rest * near).sum())
        first = size
        for _ in range(_TURNS):
            turned = self._turned(along)
            length = size / max(float((along * turned).sum()), 1e-300)
            found, rest = found + length * along, rest - length * turned
            near = rest / self.own
            before, size = size, float((rest * near).sum())
            if size <= _ACCURATE * _ACCURATE * first:
                break
            along = near + size / before * along
        return found
