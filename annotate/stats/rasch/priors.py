"""Populations that elements are drawn from: normal, with a mean and a variance of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.design import Design

FEWEST = 3
"""Elements that a population needs for a variance of its own."""
START = 1.0
LEAST, MOST = 1e-4, 400.0
_HALVINGS = 40
_HARDLY_ANY = 0.01
"""Precision of a parameter around 0: what every rater calls the best has no finite place of its own."""
_RATE = 0.5
"""Of the gamma prior of a standard deviation: its mean is 4 logits."""


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """A normal prior per population, around the population's own mean, which is known no better than its elements.

    Attributes
    ----------
    member : (n_elements,) int array
        Number of the population of each element, −1 where an element is a parameter.
    size : (n_populations,) float array
    variance : (n_populations,) float array
    """

    member: IntArray
    size: FloatArray
    variance: FloatArray

    @classmethod
    def none(cls, design: Design) -> Self:
        return cls(np.full(design.n_elements, -1, dtype=np.int64), np.zeros(0), np.zeros(0))

    @classmethod
    def of(cls, design: Design, seen: BoolArray) -> Self:
        """Populations of the random facets, from the elements that have ratings and no anchor."""
        member = np.full(design.n_elements, -1, dtype=np.int64)
        n = 0
        for facet, part in zip(design.ratings.facets, design.slices, strict=True):
            if not facet.is_random:
                continue
            drawn = np.flatnonzero(seen[part] & ~design.is_anchored[part])
            kinds = _large_enough(facet.population[drawn])
            member[drawn + part.start] = n + kinds
            n += int(kinds.max(initial=-1)) + 1
        size = np.bincount(member[member >= 0], minlength=n).astype(np.float64)
        return cls(member, size, np.full(n, START))

    @property
    def is_drawn(self) -> BoolArray:
        return np.asarray(self.member >= 0)

    @property
    def precision(self) -> FloatArray:
        """(n_elements,) 1 / variance of the population; hardly any for a parameter, 0 where there are no priors."""
        return np.append(1 / self.variance, _HARDLY_ANY if len(self.size) else 0.0)[self.member]

    def per_element(self, amounts: FloatArray) -> FloatArray:
        """(n_elements,) what holds of each element's population, 0 without one."""
        return np.append(amounts, 0.0)[self.member]

    def means(self, measures: FloatArray) -> FloatArray:
        """(n_populations,)"""
        drawn = self.is_drawn
        return np.asarray(np.bincount(self.member[drawn], measures[drawn], len(self.size)) / self.size)

    def centred(self, measures: FloatArray) -> FloatArray:
        """(n_elements,) distances from the mean of the population, 0 without one."""
        return np.where(self.is_drawn, measures - self.per_element(self.means(measures)), 0.0)

    def pull(self, measures: FloatArray) -> FloatArray:
        """(n_elements,) gradient of the prior's quadratic form."""
        if not len(self.size):
            return np.zeros_like(measures)
        return self.precision * np.where(self.is_drawn, self.centred(measures), measures)

    def with_variance(self, variance: FloatArray) -> Prior:
        return Prior(self.member, self.size, np.clip(variance, LEAST, MOST))

    def updated(self, unshrunken: FloatArray, information: FloatArray) -> Prior:
        """Each variance where it is likeliest, given what the ratings alone say of every element.

        ``information`` is the precision of an element by its ratings, ``unshrunken`` where they would put it. This gets
        in a few steps where repeating ``mean(m² + v)`` takes hundreds.
        """
        found = self.variance.copy()
        for number in range(len(found)):
            mine = np.flatnonzero((self.member == number) & (information > 0))
            if len(mine) >= 2:
                found[number] = likeliest_variance(unshrunken[mine], information[mine])
        return self.with_variance(found)

    def divergence(self, measures: FloatArray, variances: FloatArray) -> float:
        """Kullback-Leibler divergence of the posteriors from their populations, and what parameters pay."""
        drawn = self.is_drawn
        own = self.per_element(self.variance)[drawn]
        ratio = variances[drawn] / own
        distance = np.square(self.centred(measures))[drawn] / own
        paid = _HARDLY_ANY * float(np.square(measures[~drawn]).sum()) if len(self.size) else 0.0
        return 0.5 * (float((distance + ratio - 1 - np.log(ratio)).sum()) + paid)


def _large_enough(kinds: IntArray) -> IntArray:
    """Numbers from 0 up; kinds of too few elements go with the largest."""
    names, number, size = np.unique(kinds, return_inverse=True, return_counts=True)
    if not len(names):
        return kinds
    largest = int(np.argmax(size))
    goes_to = np.where(size >= FEWEST, np.arange(len(names)), largest)
    _, numbers = np.unique(goes_to[number], return_inverse=True)
    return numbers.astype(np.int64)


def likeliest_variance(measure: FloatArray, information: FloatArray) -> float:
    r"""The variance s² of a normal population, from elements measured with errors of variance 1 / information.

    Maximises the restricted likelihood times :math:`s e^{-s / 2}`. That prior keeps s from falling to 0, where every
    interval would be too narrow, whenever the data do not tell a small spread from none, and from running away where
    there are a handful of elements; with a hundred it is not felt.

    References
    ----------
    Chung, Y., Rabe-Hesketh, S., Dorie, V., Gelman, A. & Liu, J. (2013). A nondegenerate penalized likelihood estimator
    for variance parameters in multilevel models. Psychometrika 78, 685-709. doi:10.1007/s11336-013-9328-2
    """
    low, high = np.log(LEAST), np.log(MOST)
    error = 1 / information
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        weight = 1 / (np.exp(middle) + error)
        total = weight.sum()
        gap = measure - (weight * measure).sum() / total
        uphill = (np.square(weight) * (np.square(gap) + 1 / total)).sum() - total
        low, high = (
            (middle, high) if np.exp(middle) * uphill + 1 - _RATE * np.exp(middle / 2) > 0 else (low, middle)
        )
    return float(np.exp((low + high) / 2))
