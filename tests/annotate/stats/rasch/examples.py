"""Small tables of ratings for the tests of measures, drawn from known measures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.stats.codes import Codes, FloatArray, IntArray
from annotate.stats.rasch.ratings import Facet, Ratings

STEPS = (-1.2, -0.2, 1.4)
"""Thresholds of the scale 0..3 that most tests draw from."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Ratings in columns, and the measures they were drawn from."""

    item: IntArray
    rater: IntArray
    criterion: IntArray
    value: IntArray
    items: FloatArray
    raters: FloatArray
    criteria: FloatArray

    def ratings(self, keep: Any = slice(None), **more: Any) -> Ratings:
        """Of the chosen rows, in their order; all elements stay in the vocabulary."""
        return three_facets(self.item[keep], self.rater[keep], self.criterion[keep], self.value[keep], **more)


def three_facets(
    item: Sequence[Hashable] | IntArray,
    rater: Sequence[Hashable] | IntArray,
    criterion: Sequence[Hashable] | IntArray,
    value: Sequence[int] | IntArray,
    *,
    anchors: Mapping[str, Mapping[Hashable, float]] | None = None,
    groups: Mapping[str, Sequence[Mapping[Hashable, float]]] | None = None,
    population: Mapping[Hashable, Hashable] | None = None,
    **more: Any,
) -> Ratings:
    known, held = anchors or {}, groups or {}
    facets = [
        Facet.of("item", Codes.of(item, field="item"), sign=1, anchors=known.get("item")),
        Facet.of(
            "rater",
            Codes.of(rater, field="rater"),
            anchors=known.get("rater"),
            groups=held.get("rater", ()),
            population=population,
        ),
        Facet.of(
            "criterion",
            Codes.of(criterion, field="criterion"),
            anchors=known.get("criterion"),
            is_random=False,
        ),
    ]
    return Ratings.of(facets, value, **more)


def drawn(
    *,
    seed: int,
    n_items: int = 40,
    n_raters: int = 6,
    n_criteria: int = 3,
    per_item: int = 3,
    steps: Sequence[float] = STEPS,
    rater_sd: float = 0.6,
) -> Drawn:
    """Every item by some of the raters on all criteria."""
    rng = np.random.default_rng(seed)
    items, criteria = rng.normal(0, 1.2, n_items), np.linspace(-0.5, 0.5, n_criteria)
    raters = rng.normal(0, rater_sd, n_raters)
    pairs = [(i, j) for i in range(n_items) for j in rng.permutation(n_raters)[:per_item]]
    rows = np.array([(i, j, c) for i, j in pairs for c in range(n_criteria)])
    item, rater, criterion = rows.T
    eta = items[item] - raters[rater] - criteria[criterion]
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    logit = eta[:, None] * np.arange(len(sums)) - sums
    chance = np.exp(logit - logit.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    value = (rng.random(len(rows))[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    return Drawn(item, rater, criterion, np.minimum(value, len(steps)), items, raters, criteria)


def crossed(matrix: Sequence[Sequence[int | None]], **more: Any) -> Ratings:
    """Persons in rows by items in columns, None where nothing was said."""
    cells = [
        (row, column, value)
        for row, line in enumerate(matrix)
        for column, value in enumerate(line)
        if value is not None
    ]
    person, item, value = zip(*cells, strict=True)
    facets = [
        Facet.of("person", Codes.of(person, field="person"), sign=1),
        Facet.of("item", Codes.of(item, field="item"), is_random=False),
    ]
    return Ratings.of(facets, value, **more)
