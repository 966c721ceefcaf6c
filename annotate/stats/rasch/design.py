"""The ratings as the kernels read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.ratings import Ratings

Index: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Design:
    """The ratings as the kernels read them: all elements in one vector, facet after facet.

    ``index[f, r]`` is the place in that vector of the element of facet f that rating r is about.
    """

    ratings: Ratings
    index: Index
    sign: FloatArray
    offsets: IntArray

    @classmethod
    def of(cls, ratings: Ratings) -> Self:
        sizes = [len(facet) for facet in ratings.facets]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        index = np.empty((len(sizes), len(ratings)), dtype=np.int32)
        for row, facet, start in zip(index, ratings.facets, offsets[:-1], strict=True):
            np.add(facet.elements.codes, start, out=row, casting="unsafe")
        return cls(ratings, index, np.array([float(facet.sign) for facet in ratings.facets]), offsets)

    @property
    def n_elements(self) -> int:
        return int(self.offsets[-1])

    @property
    def slices(self) -> list[slice]:
        return [slice(int(a), int(b)) for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)]

    @cached_property
    def anchors(self) -> FloatArray:
        return np.concatenate([facet.anchors for facet in self.ratings.facets])

    @cached_property
    def is_anchored(self) -> BoolArray:
        return ~np.isnan(self.anchors)

    @cached_property
    def group(self) -> IntArray:
        """(n_elements,) number of the group by whose mean an element is anchored, −1 for none."""
        parts, before = [], 0
        for facet in self.ratings.facets:
            parts.append(np.where(facet.group >= 0, facet.group + before, -1))
            before += len(facet.group_mean)
        return np.concatenate(parts)

    @cached_property
    def group_means(self) -> FloatArray:
        return np.concatenate([facet.group_mean for facet in self.ratings.facets])

    @cached_property
    def is_held(self) -> BoolArray:
        """(n_elements,) whether something is known of its measure, or of the mean of its group."""
        return np.asarray(self.is_anchored | (self.group >= 0))

    def within_groups(
        self, amounts: FloatArray, among: BoolArray, means: FloatArray | None = None
    ) -> FloatArray:
        """(n_elements,) amounts of which every group's mean over ``among`` is 0, or ``means``."""
        size = len(self.group_means)
        if not size:
            return amounts
        own = (self.group >= 0) & among
        number = self.group[own]
        off = np.bincount(number, amounts[own], size) / np.maximum(np.bincount(number, minlength=size), 1)
        moved = amounts.copy()
        moved[own] -= (off if means is None else off - means)[number]
        return moved

    def spread(self, measures: FloatArray) -> FloatArray:
        """(n,) sums of the signed measures: how much more the higher category is favoured, in logits."""
        total = self.sign[0] * measures[self.index[0]]
        for sign, places in zip(self.sign[1:], self.index[1:], strict=True):
            total += sign * measures[places]
        return np.asarray(total)

    def spread_variance(self, variances: FloatArray) -> FloatArray:
        """(n,) sums of the variances of the elements."""
        return np.asarray(variances[self.index].sum(axis=0))

    def gathered(self, amounts: FloatArray, *, signed: bool = True) -> FloatArray:
        """(n_elements,) sums of what each rating says, per element."""
        total = np.empty(self.n_elements)
        for sign, places, part in zip(self.sign, self.index, self.slices, strict=True):
            sums = np.bincount(places, amounts, self.n_elements)[part]
            total[part] = sign * sums if signed else sums
        return total
