"""What the numbers say of a rater, as codes that a page puts into words.

A flag is raised only where the difference matters (in categories) and is more than chance; `Rules` holds all limits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.many_tests import holm
from annotate.stats.rasch.bias import Bias, find_bias
from annotate.stats.rasch.discernment import Discernment, discernment
from annotate.stats.rasch.drift import Drift
from annotate.stats.rasch.fair import fair_averages
from annotate.stats.rasch.halo import Halo, halo
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import FacetFit, RaschFit
from annotate.stats.rasch.usage import Usage, usage

Code: TypeAlias = Literal[
    "few",
    "no_overlap",
    "stricter",
    "milder",
    "average",
    "consistent",
    "erratic",
    "predictable",
    "random",
    "one_category",
    "halo",
    "stricter_on",
    "milder_on",
    "became_stricter",
    "became_milder",
]


_UPPER = 1.645
"""Standard errors up to the one-sided 95 % limit."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to say of a rater.

    Attributes
    ----------
    code : str
        ``few``: too few ratings, ``amount`` of them. ``no_overlap``: only ``amount`` ratings about items that
        somebody else rated, or nobody to be compared with.
        ``stricter``, ``milder``: than the mean of the others by ``amount`` categories (difference of fair averages);
        ``average``: by less than the limit. ``stricter_on``, ``milder_on``: on one criterion, beyond that.
        ``consistent``, ``erratic``, ``predictable``: infit ``amount``.
        ``random``: answers do not follow what is rated, slope ``amount`` where 1 is expected; on ``criterion``, or all.
        ``one_category``: gives ``level`` in the share ``amount`` of all ratings, far more often than expected (than
        others do, where raters have thresholds of their own).
        ``halo``: residuals of one rating event correlate by ``amount``.
        ``became_stricter``, ``became_milder``: by ``amount`` categories from the first window to the last.
    criterion, amount, level
        None where the code has none.
    """

    code: Code
    criterion: Hashable | None = None
    amount: float | None = None
    level: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Where flags begin.

    Attributes
    ----------
    fewest : int
        Ratings, and ratings about items somebody else rated, before anything is said.
    level : float
        Difference in categories that matters.
    sure, surer : float
        Standard errors for the severity, and for what is one of many (a criterion, a halo).
    erratic, predictable, fit_z : float
        Infit mean squares, and how far their z must be from 0.
    random : float
        Slope, as a share of the median rater's (of at most 1), that even the upper 95 % limit is below.
    least_spread : float
        Standard deviation of what is expected, in categories, for a slope to be told.
    one_category, beyond_expected : float
        Share of one category, and how far above the expected share.
    halo : float
        Correlation.
    chance : float
        For drift, corrected for the number of raters.
    """

    fewest: int = 10
    level: float = 0.25
    sure: float = 1.96
    surer: float = 2.58
    erratic: float = 1.3
    predictable: float = 0.7
    fit_z: float = 2.0
    random: float = 0.5
    least_spread: float = 0.1
    one_category: float = 0.8
    beyond_expected: float = 0.2
    halo: float = 0.3
    chance: float = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    element: Hashable
    flags: tuple[Flag, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        return tuple(flag.code for flag in self.flags)


def verdicts(
    fit: RaschFit,
    *,
    rater: str = "rater",
    criterion: str | None = None,
    ratings: Ratings | None = None,
    drift: Drift | None = None,
    rules: Rules | None = None,
) -> tuple[Verdict, ...]:
    """Flags of all raters, in the order of the facet.

    Parameters
    ----------
    fit : RaschFit
    rater : name of a facet
    criterion : name of a facet, optional
        By default the one called ``criterion``, if there is one.
    ratings : Ratings, optional
        See `Held.of`.
    drift : Drift, optional
        Of the same fit; without it nothing is said of drift.
    rules : Rules, optional

    Raises
    ------
    Rejected
        An unknown facet; a ``drift`` about other raters.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=200, n_raters=8, guessers=(5,)), seed=1)
    >>> verdicts(fit_rasch(made.ratings))[5].codes
    ('average', 'random')
    """
    held = Held.of(fit, ratings)
    asked = fit.facet(rater)
    if drift is not None and drift.elements != asked.elements:
        raise Rejected("is about other raters than the fit", field="drift")
    kinds = criterion if criterion is not None else _criterion(fit)
    numbers = _Numbers(
        asked,
        rules or Rules(),
        _is_apart(fit, rater),
        len(asked.elements) > 1 and fit.design.ratings.scale.vocab == asked.elements,
        fair_averages(fit, rater).category if fit.steps.used.any() else np.full(len(asked.elements), np.nan),
        _bend(held, rater),
        discernment(fit, rater=rater, ratings=ratings),
        usage(fit, rater=rater, ratings=ratings),
        discernment(fit, rater=rater, criterion=kinds, ratings=ratings) if kinds else None,
        halo(fit, rater=rater, ratings=ratings) if kinds else None,
        find_bias(fit, rater, kinds, ratings=ratings) if kinds else None,
        drift,
    )
    return tuple(
        Verdict(element, tuple(numbers.flags(place))) for place, element in enumerate(asked.elements)
    )


def _criterion(fit: RaschFit) -> str | None:
    names = [facet.name for facet in fit.facets if len(facet.elements) > 1]
    return "criterion" if "criterion" in names else None


def _is_apart(fit: RaschFit, rater: str) -> BoolArray:
    """(J,) whether items link the rater to fewer others than the largest group has."""
    first = fit.facets[0].name
    for link in fit.structure.links:
        if link.facets == (first, rater) and link.n_subsets > 1:
            sizes = np.bincount(link.second[link.second >= 0])
            return np.asarray((link.second >= 0) & (link.second != int(np.argmax(sizes))))
    return np.zeros(len(fit.facet(rater).elements), dtype=np.bool_)


def _bend(held: Held, rater: str) -> FloatArray:
    """(J,) categories that a small step of one logit is worth: the mean variance of the rater's ratings."""
    owner = held.ratings.facet(rater).elements
    n = len(owner.vocab)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.bincount(owner.codes, held.ratings.weight, n)
        return np.asarray(np.bincount(owner.codes, held.slopes.variance, n) / total)


def _median(slopes: FloatArray) -> float:
    told = slopes[np.isfinite(slopes)]
    return float(np.median(told)) if len(told) else 1.0


@dataclass(frozen=True, eq=False)
class _Numbers:
    asked: FacetFit
    rules: Rules
    is_apart: BoolArray
    has_own_scales: bool
    fair: FloatArray
    bend: FloatArray
    follows: Discernment
    usage: Usage
    follows_on: Discernment | None
    halo: Halo | None
    bias: Bias | None
    drift: Drift | None

    def flags(self, j: int) -> Iterator[Flag]:
        if self.asked.n[j] < self.rules.fewest:
            yield Flag("few", amount=float(self.asked.n[j]))
            return
        met = float(self.follows.n[j, 0])
        if self.is_apart[j] or met < self.rules.fewest:
            if not self.asked.extreme[j]:
                yield Flag("no_overlap", amount=met)
            yield from self._category(j)
            return
        yield from self._severity(j)
        random = tuple(self._random(j))
        if not random:
            yield from self._fit(j)
        yield from random
        yield from self._category(j)
        yield from self._halo(j)
        yield from self._bias(j, {flag.criterion for flag in random})
        yield from self._drift(j)

    @cached_property
    def _from_others(self) -> tuple[FloatArray, FloatArray]:
        """(J,) how much less a rater gives than the mean of the others, in categories and in logits of the measure."""
        known = np.isfinite(self.fair)
        n = int(known.sum()) - 1
        if n < 1:
            return np.full(len(known), np.nan), np.full(len(known), np.nan)
        fair, measure = np.where(known, self.fair, 0.0), np.where(known, self.asked.measure, 0.0)
        less = (fair.sum() - fair) / n - self.fair
        return less, self.asked.measure - (measure.sum() - measure) / n

    def _severity(self, j: int) -> Iterator[Flag]:
        amount, distance = (float(one[j]) for one in self._from_others)
        if abs(amount) < self.rules.level:
            yield Flag("average", amount=amount)
        elif abs(distance) > self.rules.sure * self.asked.se[j]:
            yield Flag("stricter" if amount > 0 else "milder", amount=abs(amount))

    def _fit(self, j: int) -> Iterator[Flag]:
        infit, z = float(self.asked.infit[j]), float(self.asked.infit_z[j])
        if not np.isfinite(infit):
            return
        if infit > self.rules.erratic and z > self.rules.fit_z:
            yield Flag("erratic", amount=infit)
        elif infit < self.rules.predictable and z < -self.rules.fit_z:
            yield Flag("predictable", amount=infit)
        else:
            yield Flag("consistent", amount=infit)

    @cached_property
    def _guesses(self) -> BoolArray:
        return self._unlike_others(self.follows)[:, 0]

    @cached_property
    def _guesses_on(self) -> BoolArray:
        """(J, C), C = 0 without criteria."""
        if self.follows_on is None:
            return np.zeros((len(self.fair), 0), dtype=np.bool_)
        return self._unlike_others(self.follows_on)

    def _unlike_others(self, found: Discernment) -> BoolArray:
        usual = np.array([_median(column) for column in found.slope.T])
        upper = found.slope + _UPPER * found.se
        enough = (found.n >= self.rules.fewest) & (found.spread >= self.rules.least_spread)
        return np.asarray(enough & (upper < self.rules.random * np.minimum(usual, 1.0)))

    def _random(self, j: int) -> Iterator[Flag]:
        if self._guesses[j]:
            yield Flag("random", amount=float(self.follows.slope[j, 0]))
        elif self.follows_on is not None:
            for c in np.flatnonzero(self._guesses_on[j]):
                yield Flag("random", self.follows_on.criteria[c], float(self.follows_on.slope[j, c]))

    @cached_property
    def _usual(self) -> FloatArray:
        """(J, K) shares to hold a rater's against: raters with scales of their own are expected to do as they do."""
        if self.has_own_scales:
            shares = np.nan_to_num(self.usage.given)
            return np.broadcast_to(shares.sum(axis=0) / max(shares.sum(), 1e-300), shares.shape)
        return self.usage.expected

    def _category(self, j: int) -> Iterator[Flag]:
        end = int(self.asked.one_sided[j])
        if end:
            yield Flag("one_category", amount=1.0, level=self.usage.levels[-1 if end > 0 else 0])
            return
        given = self.usage.given[j]
        if not np.isfinite(given).all():
            return
        k = int(np.argmax(given))
        far = given[k] - self._usual[j, k] > self.rules.beyond_expected
        if given[k] >= self.rules.one_category and far:
            yield Flag("one_category", amount=float(given[k]), level=self.usage.levels[k])

    def _halo(self, j: int) -> Iterator[Flag]:
        if self.halo is None or self.halo.events[j] < self.rules.fewest:
            return
        amount, se = float(self.halo.correlation[j]), float(self.halo.se[j])
        if amount >= self.rules.halo and amount > self.rules.surer * se:
            yield Flag("halo", amount=amount)

    def _bias(self, j: int, random: set[Hashable]) -> Iterator[Flag]:
        if self.bias is None:
            return
        first, last = np.searchsorted(self.bias.first, [j, j + 1])
        for cell in range(first, last):
            effect, se = float(self.bias.effect[cell]), float(self.bias.effect_se[cell])
            criterion = self.bias.second_elements[self.bias.second[cell]]
            amount = effect * self.bend[j]
            if criterion in random or not abs(effect) > self.rules.surer * se:
                continue
            if abs(amount) >= self.rules.level:
                yield Flag("milder_on" if effect > 0 else "stricter_on", criterion, abs(float(amount)))

    @cached_property
    def _drift_p(self) -> FloatArray:
        found = self.drift.per_rater if self.drift is not None else ()
        return holm(np.array([np.nan if one is None else one.p for one in found]))

    def _drift(self, j: int) -> Iterator[Flag]:
        if self.drift is None or not self._drift_p[j] < self.rules.chance:
            return
        walk = self.drift.walk.mean[j][np.isfinite(self.drift.walk.mean[j])]
        amount = float((walk[-1] - walk[0]) * self.bend[j]) * -self.asked.sign
        if abs(amount) >= self.rules.level:
            yield Flag("became_stricter" if amount > 0 else "became_milder", amount=abs(amount))
