"""Where everything on a ruler stands, as compressed arrays: a session is placed by them without reading old labels.

Means and variances of a million targets take some megabytes. They are written once, by the fit; what sessions move is
kept beside them (`Standing.moved`) and laid over.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from annotate.measure.ruler.fitting import MACHINES, PEOPLE, RATER, Scale
from annotate.measure.ruler.labels import IntArray
from annotate.stats.codes import FloatArray

_WIDEST = 1.0
"""Standard deviation in logits that a newcomer has where there are too few of their kind to know one."""

_FURTHEST = 20.0
"""Logits, and squared ones, beyond which nothing changes any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """Normal densities of the elements of a ruler: (key, mean, variance) columns, keys in ascending order.

    ``newcomer`` holds mean and variance of a new target, person and machine; ``sums`` are the thresholds of the
    criteria, in the order of ``criteria``. ``sessions`` are the assignments whose labels it rests on.
    """

    targets: IntArray
    target_mean: FloatArray
    target_variance: FloatArray
    raters: IntArray
    rater_mean: FloatArray
    rater_variance: FloatArray
    criteria: IntArray
    criterion_mean: FloatArray
    sums: FloatArray
    newcomer: FloatArray
    sessions: IntArray

    @classmethod
    def of(cls, scale: Scale) -> Self:
        fit = scale.fit
        item, rater, criterion = fit.design.slices
        # What is no draw of a population (two people are none) has only its error to say how uncertain it is.
        errors = np.concatenate([facet.se for facet in fit.facets])
        variance = np.where(fit.variances > 0, fit.variances, np.square(errors))
        # Nor has it a likeliest place where all its labels are the lowest or the highest there is.
        variance, means = np.minimum(variance, _FURTHEST), np.clip(fit.measures, -_FURTHEST, _FURTHEST)
        return cls(
            targets=np.array(scale.item_keys, dtype=np.int64),
            target_mean=means[item],
            target_variance=variance[item],
            raters=np.array(scale.rater_keys, dtype=np.int64),
            rater_mean=means[rater],
            rater_variance=variance[rater],
            criteria=np.array(scale.criterion_keys, dtype=np.int64),
            criterion_mean=means[criterion],
            sums=fit.steps.sums,
            newcomer=_newcomers(scale),
            sessions=np.unique(scale.labels.assignment[scale.labels.assignment >= 0]),
        )

    def moved(self, other: Moved) -> Elements:
        """With what sessions have moved since laid over."""
        targets, mean, variance = _laid(
            (self.targets, self.target_mean, self.target_variance),
            (other.targets, other.target_mean, other.target_variance),
        )
        raters, rater_mean, rater_variance = _laid(
            (self.raters, self.rater_mean, self.rater_variance),
            (other.raters, other.rater_mean, other.rater_variance),
        )
        return replace(
            self,
            targets=targets,
            target_mean=mean,
            target_variance=variance,
            raters=raters,
            rater_mean=rater_mean,
            rater_variance=rater_variance,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """The targets and raters that sessions have touched since the fit, as they stand now."""

    targets: IntArray
    target_mean: FloatArray
    target_variance: FloatArray
    raters: IntArray
    rater_mean: FloatArray
    rater_variance: FloatArray

    @classmethod
    def none(cls) -> Self:
        keys, numbers = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(keys, numbers, numbers, keys, numbers, numbers)

    def then(self, other: Moved) -> Moved:
        """Both, the later one where both say something."""
        targets = _laid(
            (self.targets, self.target_mean, self.target_variance),
            (other.targets, other.target_mean, other.target_variance),
        )
        raters = _laid(
            (self.raters, self.rater_mean, self.rater_variance),
            (other.raters, other.rater_mean, other.rater_variance),
        )
        return Moved(*targets, *raters)


def packed(one: Elements | Moved) -> bytes:
    """Measures need no more than single precision to be stored."""
    kept = {}
    for field in fields(one):
        column = getattr(one, field.name)
        kept[field.name] = column.astype(np.float32) if column.dtype.kind == "f" else column
    target = io.BytesIO()
    np.savez_compressed(target, **kept)
    return target.getvalue()


def unpacked_elements(data: bytes) -> Elements:
    return Elements(**_columns(data))


def unpacked_moved(data: bytes) -> Moved:
    return Moved(**_columns(data)) if data else Moved.none()


def _columns(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(bytes(data)), allow_pickle=False) as kept:
        found = {name: kept[name] for name in kept.files}
    return {
        name: column.astype(np.float64) if column.dtype.kind == "f" else column
        for name, column in found.items()
    }


def _newcomers(scale: Scale) -> FloatArray:
    """(3, 2) mean and variance of a new target, a new person and a new machine."""
    found = np.array([[0.0, _WIDEST], [0.0, _WIDEST], [0.0, _WIDEST]])
    kinds = scale.fit.design.ratings.facet(RATER).population
    is_machine = [scale.labels.raters[key].is_machine for key in scale.rater_keys]
    place_of = {int(kind): 2 if machine else 1 for kind, machine in zip(kinds, is_machine, strict=True)}
    for one in scale.fit.populations:
        place = place_of[one.kind] if one.facet == RATER else 0
        found[place] = one.mean, one.sd**2
    return found


def newcomer_place(is_machine: bool) -> int:
    """Row of `Elements.newcomer` that holds for a rater."""
    return {PEOPLE: 1, MACHINES: 2}[MACHINES if is_machine else PEOPLE]


_Stood = tuple[IntArray, FloatArray, FloatArray]


def _laid(under: _Stood, over: _Stood) -> _Stood:
    """Both sets of (keys, means, variances) as one, in ascending order of keys."""
    kept = ~np.isin(under[0], over[0])
    keys, mean, variance = (np.concatenate([a[kept], b]) for a, b in zip(under, over, strict=True))
    order = np.argsort(keys, kind="stable")
    return keys[order], mean[order], variance[order]
