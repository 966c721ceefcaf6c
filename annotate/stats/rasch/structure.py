"""What can be compared at all: said before any number."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps

FEW = 10
"""Ratings below which a measure says little (Linacre 1994 asks for 10 to 30 per element)."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Which elements of two facets hang together through ratings.

    ``first`` and ``second`` number the subset of every element, −1 without a rating. Between elements of different
    subsets no rating decides: what one facet gains by, the other may lose by.
    """

    facets: tuple[str, str]
    n_subsets: int
    first: IntArray
    second: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Attributes
    ----------
    links : tuple of Link
        For every two facets.
    unused : tuple of (scale, category)
        Categories between the outermost used ones that nobody gave: thresholds around them are one.
    few : (n_elements,) bool array
        Elements with fewer than 10 ratings.
    sizes : tuple of (facet, number of elements)
    """

    links: tuple[Link, ...]
    unused: tuple[tuple[Hashable, Hashable], ...]
    few: np.ndarray
    sizes: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, design: Design, steps: Steps) -> Self:
        ratings = design.ratings
        counted = design.gathered((ratings.weight > 0).astype(np.float64), signed=False)
        pairs = combinations(range(len(ratings.facets)), 2)
        return cls(
            tuple(linked(ratings, one, other) for one, other in pairs),
            _unused(ratings, steps),
            counted < FEW,
            tuple((facet.name, len(facet)) for facet in ratings.facets),
        )

    @property
    def is_connected(self) -> bool:
        return all(link.n_subsets <= 1 for link in self.links)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each thing to know before reading a number."""
        said = [
            f"{_plural(link.facets[0])} and {_plural(link.facets[1])} fall into {link.n_subsets} subsets "
            f"that share no rating: "
            f"comparing across them rests on assumptions, not on data"
            for link in self.links
            if link.n_subsets > 1
        ]
        said += [
            f"there is one {name}: its measure says nothing, as there is none to compare it with"
            for name, size in self.sizes[1:2]
            if size == 1
        ]
        said += [f"nobody gave the category {level!r} on the scale {scale!r}" for scale, level in self.unused]
        start = 0
        for name, size in self.sizes:
            few = int(self.few[start : start + size].sum())
            if few:
                said.append(f"{few} of {size} {_plural(name)} have fewer than {FEW} ratings")
            start += size
        return tuple(said)


def _plural(facet: str) -> str:
    return "criteria" if facet == "criterion" else f"{facet}s"


def linked(ratings: Ratings, one: int, other: int) -> Link:
    """Subsets of the graph whose edges are the ratings."""
    a, b = ratings.facets[one], ratings.facets[other]
    used = ratings.weight > 0
    first, second = a.elements.codes[used], b.elements.codes[used] + len(a)
    root = components(first, second, len(a) + len(b))
    seen = np.zeros(len(root), dtype=np.bool_)
    seen[first] = seen[second] = True
    number = np.full(len(root), -1, dtype=np.int64)
    roots, place = np.unique(root[seen], return_inverse=True)
    number[seen] = place
    return Link((a.name, b.name), len(roots), number[: len(a)], number[len(a) :])


def components(first: IntArray, second: IntArray, n: int) -> IntArray:
    """(n,) smallest node that each node is connected to, by hooking and pointer jumping."""
    root = np.arange(n)
    first, second = first.astype(np.int64), second.astype(np.int64)
    while len(first):
        low, high = np.minimum(root[first], root[second]), np.maximum(root[first], root[second])
        apart = low != high
        if not apart.any():
            break
        first, second = first[apart], second[apart]
        np.minimum.at(root, high[apart], low[apart])
        while True:
            above = root[root]
            if (above == root).all():
                break
            root = above
    return root


def _unused(ratings: Ratings, steps: Steps) -> tuple[tuple[Hashable, Hashable], ...]:
    numbers = np.arange(ratings.n_categories)
    used = steps.used
    low: FloatArray = np.where(used, numbers, ratings.n_categories).min(axis=1, initial=ratings.n_categories)
    high: FloatArray = np.where(used, numbers, -1).max(axis=1, initial=-1)
    gaps = ~used & (numbers > low[:, None]) & (numbers < high[:, None])
    return tuple((ratings.scale.vocab[g], ratings.levels[k]) for g, k in zip(*np.nonzero(gaps), strict=True))
