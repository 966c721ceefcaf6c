"""How the categories of a scale are used, and whether they are in order (Facets' table 8)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.curves import expected, only, probabilities, where_rising
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import expected_of, nodes
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.steps import Steps

_BLOCK = 1 << 15
_QUARTER = 0.25
"""Expected score, from either end, that stands for an outermost category: its own is infinitely far away."""


@dataclass(frozen=True, slots=True)
class Category:
    """One category of a scale; None where a number does not exist.

    Attributes
    ----------
    count, share : float
        Weighted number of ratings.
    average, expected_average : float or None
        Mean of the measures (eta, in logits) of what got this category, and what the model expects it to be.
    outfit : float or None
        Squared standardized residuals of the ratings in this category, over what is expected: around 1.
    threshold, threshold_se : float or None
        Where it becomes likelier than the category below (Rasch–Andrich).
    is_disordered : bool
        The threshold lies below the one before, or the average measure below that of the category before.
    reached : float or None
        Where half of the ratings are in this category or above (Rasch–Thurstone).
    expectation : float or None
        Where the expected score is this category; for the outermost a quarter of a score point inside.
    half_point : float or None
        Where the expected score is half a point below this category.
    """

    level: Hashable
    count: float
    share: float
    average: float | None
    expected_average: float | None
    outfit: float | None
    threshold: float | None
    threshold_se: float | None
    is_disordered: bool
    reached: float | None
    expectation: float | None
    half_point: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CategoryCurves:
    """Against ``eta`` (n,), measures relative to the scale: ``probability`` (n, K), ``expected`` category (n,)."""

    eta: FloatArray
    probability: FloatArray
    expected: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class CategoryUse:
    scale: Hashable
    categories: tuple[Category, ...]

    @property
    def is_ordered(self) -> bool:
        return not any(category.is_disordered for category in self.categories)


def category_use(fit: RaschFit, *, ratings: Ratings | None = None) -> tuple[CategoryUse, ...]:
    r"""The categories of every scale that somebody used, lowest first.

    With expected scores E and variances V of all ratings of a scale, averaged over what is uncertain,

    .. math:: \text{expected average}_k = \frac{\sum w P(k) \eta}{\sum w P(k)}, \qquad
        \text{outfit}_k = \frac{\sum_{x = k} w (k - E)^2 / V}{\sum w P(k) (k - E)^2 / V}

    Parameters
    ----------
    fit : RaschFit
    ratings : Ratings, optional
        See `Held.of`.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=200, n_raters=6, n_categories=3), seed=1)
    >>> use, = category_use(fit_rasch(made.ratings))
    >>> use.is_ordered, [round(category.count) for category in use.categories]
    (True, [435, 412, 353])
    """
    held = Held.of(fit, ratings)
    sums = _Sums.of(held)
    places = _Places.of(fit.steps)
    names = fit.design.ratings.scale.vocab
    return tuple(
        CategoryUse(names[g], _categories(fit, sums, places, int(g)))
        for g in np.flatnonzero(fit.steps.used.any(axis=1))
    )


def category_curves(
    fit: RaschFit, scale: Hashable | None = None, *, low: float = -6.0, high: float = 6.0, n: int = 121
) -> CategoryCurves:
    """Probability of every category along the axis, of the first scale unless one is named."""
    names = fit.design.ratings.scale.vocab
    place = names.index(scale) if scale is not None else 0
    own = only(fit.steps, np.array([place]))
    eta = np.linspace(low, high, n)
    return CategoryCurves(eta, probabilities(own, eta)[0], expected(own, eta)[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """(G, K) sums over ratings: of weights, of weight × eta, and of weighted z², as given and as expected."""

    count: FloatArray
    eta: FloatArray
    square: FloatArray
    chance: FloatArray
    chance_eta: FloatArray
    chance_square: FloatArray

    @classmethod
    def of(cls, held: Held) -> _Sums:
        shape = held.steps.sums.shape
        found = cls(*(np.zeros(shape) for _ in range(6)))
        for start in range(0, len(held), _BLOCK):
            part = slice(start, start + _BLOCK)
            spread = None if held.variance is None else np.sqrt(held.variance[part])
            for node, share in zip(*nodes(held.variance), strict=True):
                eta = held.eta[part] if spread is None else held.eta[part] + node * spread
                found._add(held, part, eta, share)
        return found

    def _add(self, held: Held, part: slice, eta: FloatArray, share: float) -> None:
        ratings = held.ratings
        n_scales, n_categories = self.count.shape
        numbers = np.arange(n_categories)
        mean, variance, chance = expected_of(ratings, eta, held.steps, part)
        z2 = np.square(numbers - mean[:, None]) / np.maximum(variance, 1e-300)[:, None]
        rated = ratings.trials[part] == 0
        value = np.where(rated, ratings.value[part], 0)
        own = share * ratings.weight[part] * rated
        scale = ratings.scale.codes[part]
        given, every = scale * n_categories + value, (scale[:, None] * n_categories + numbers).ravel()

        def add(total: FloatArray, place: IntArray, amount: FloatArray) -> None:
            total += np.bincount(place, amount.ravel(), n_scales * n_categories).reshape(total.shape)

        add(self.count, given, own)
        add(self.eta, given, own * eta)
        add(self.square, given, own * z2[np.arange(len(mean)), value])
        likely = own[:, None] * chance
        add(self.chance, every, likely)
        add(self.chance_eta, every, likely * eta[:, None])
        add(self.chance_square, every, likely * z2)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """(G, K) places on the axis; NaN where there is none."""

    reached: FloatArray
    expectation: FloatArray
    half_point: FloatArray

    @classmethod
    def of(cls, steps: Steps) -> _Places:
        n_categories = steps.sums.shape[1]
        numbers = np.arange(n_categories)
        low = np.where(steps.used, numbers, n_categories).min(axis=1)[:, None]
        high = np.where(steps.used, numbers, -1).max(axis=1)[:, None]
        inner = (numbers > low) & (numbers <= high)
        wanted = np.where(numbers == low, low + _QUARTER, np.where(numbers == high, high - _QUARTER, numbers))
        wanted = np.where((numbers >= low) & (numbers <= high) & (high > low), wanted, np.nan)

        def mean(eta: FloatArray) -> FloatArray:
            return expected(steps, eta)

        def above(eta: FloatArray) -> FloatArray:
            chance = probabilities(steps, eta)
            tail = chance[..., ::-1].cumsum(axis=-1)[..., ::-1]
            return np.asarray(tail[:, numbers, numbers])

        half = np.where(inner, numbers - 0.5, np.nan)
        return cls(
            where_rising(above, np.where(inner & steps.used, 0.5, np.nan)),
            where_rising(mean, wanted),
            where_rising(mean, half),
        )


def _categories(fit: RaschFit, sums: _Sums, places: _Places, g: int) -> tuple[Category, ...]:
    levels = fit.design.ratings.levels
    name = fit.design.ratings.scale.vocab[g]
    steps = {upper: measure for _, upper, measure in fit.steps.thresholds(g)}
    errors = {one.upper: one.se for one in fit.thresholds if one.scale == name}
    with np.errstate(divide="ignore", invalid="ignore"):
        average = sums.eta[g] / sums.count[g]
        expected_average = sums.chance_eta[g] / sums.chance[g]
        outfit = sums.square[g] / sums.chance_square[g]
    disordered = {
        upper
        for (lower, upper) in pairwise(np.flatnonzero(fit.steps.used[g]).tolist())
        if average[upper] < average[lower] or (lower in steps and steps[upper] < steps[lower])
    }
    total = float(sums.count[g].sum())
    return tuple(
        Category(
            level,
            float(sums.count[g, k]),
            float(sums.count[g, k]) / total if total > 0 else 0.0,
            _number(average[k]),
            _number(expected_average[k]),
            _number(outfit[k]),
            steps.get(k),
            errors.get(level),
            k in disordered,
            _number(places.reached[g, k]),
            _number(places.expectation[g, k]),
            _number(places.half_point[g, k]),
        )
        for k, level in enumerate(levels)
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
