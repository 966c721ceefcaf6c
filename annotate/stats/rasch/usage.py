"""How often each rater gives each category, beside how often the fit expects it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import expected_of, nodes
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit

_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """Shares of the rater's (weighted) ratings on scales; (J, K) arrays, NaN for raters without any."""

    elements: tuple[Hashable, ...]
    levels: tuple[Hashable, ...]
    given: FloatArray
    expected: FloatArray


def usage(fit: RaschFit, *, rater: str = "rater", ratings: Ratings | None = None) -> Usage:
    """Shares of categories by rater (or by the elements of any other facet).

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=200, n_raters=6), seed=1)
    >>> found = usage(fit_rasch(made.ratings))
    >>> found.given.shape, bool(np.abs(found.given - found.expected).max() < 0.1)
    ((6, 5), True)
    """
    held = Held.of(fit, ratings)
    owner, n_categories = held.ratings.facet(rater).elements, held.ratings.n_categories
    shape = (len(owner.vocab), n_categories)
    weight = held.ratings.weight * (held.ratings.trials == 0)
    value = np.where(held.ratings.trials == 0, held.ratings.value, 0)
    given = np.bincount(owner.codes * n_categories + value, weight, shape[0] * shape[1]).reshape(shape)
    likely = np.zeros(shape)
    for start in range(0, len(held), _BLOCK):
        part = slice(start, start + _BLOCK)
        reach = 0.0 if held.variance is None else np.sqrt(held.variance[part])
        for node, share in zip(*nodes(held.variance), strict=True):
            chance = expected_of(held.ratings, held.eta[part] + node * reach, held.steps, part)[2]
            for k in range(n_categories):
                likely[:, k] += np.bincount(owner.codes[part], share * weight[part] * chance[:, k], shape[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        total = given.sum(axis=1, keepdims=True)
        return Usage(owner.vocab, held.ratings.levels, given / total, likely / total)
