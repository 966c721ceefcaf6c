"""Ratings that can be set beside each other: about the same in everything but who gave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import IntArray
from annotate.stats.rasch.ratings import Ratings


@dataclass(frozen=True, slots=True, eq=False)
class Contexts:
    """Attributes
    ----------
    of_rating : (n,) int array
        Which context (item, criterion and whatever facets there are, but not the rater) a rating is in.
    n : int
        Contexts.
    """

    of_rating: IntArray
    n: int

    @classmethod
    def of(cls, ratings: Ratings, rater: str) -> Self:
        place = ratings.place(rater)
        key = np.zeros(len(ratings), dtype=np.int64)
        for number, facet in enumerate(ratings.facets):
            if number != place:
                key = _dense(key * len(facet) + facet.elements.codes)
        return cls(key, int(key.max(initial=-1)) + 1)


def _dense(key: IntArray) -> IntArray:
    """The same groups, numbered without gaps: the product of many facets would leave the range of numbers."""
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)
