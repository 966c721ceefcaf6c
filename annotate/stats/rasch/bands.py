r"""How far infit and outfit stray when nothing is wrong, by the number and kind of an element's ratings.

Where there are many, by the cube root of Wilson and Hilferty turned around: the mean square that has z is
:math:`(1 + (z - q / 3) q / 3)^3`. Where there are few, by parametric bootstrap at the measures as they are: ratings are
drawn from the model and mean squares are made of them. Estimating measures from the ratings that are tested, and
averaging over what is uncertain of them, both leave real mean squares a little less room.

References
----------
Wolfe, E. W. (2013). A bootstrap approach to evaluating person and item fit to the Rasch model. Journal of Applied
Measurement 14, 1-9.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import expected_of
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import FacetFit, RaschFit

FEW = 50
_MOST_DRAWS = 50_000_000
_LEAST_REPLICATES = 200


@dataclass(frozen=True, slots=True, eq=False)
class FitBands:
    """Between which values mean squares lie with the chance ``level``; arrays are (L,), NaN without ratings.

    Attributes
    ----------
    is_simulated : bool array
        By bootstrap (few ratings) and not by formula.
    replicates : int
        Of the bootstrap, 0 where there was none.
    """

    facet: str
    elements: tuple[Hashable, ...]
    level: float
    infit_low: FloatArray
    infit_high: FloatArray
    outfit_low: FloatArray
    outfit_high: FloatArray
    is_simulated: BoolArray
    replicates: int


def fit_bands(
    fit: RaschFit,
    facet: str,
    *,
    seed: int,
    level: float = 0.95,
    few: int = FEW,
    replicates: int = 1000,
    only: Sequence[Hashable] | None = None,
    ratings: Ratings | None = None,
) -> FitBands:
    """Expected bands of the mean squares of a facet's elements.

    Parameters
    ----------
    fit : RaschFit
    facet : str
    seed : int
        Of the bootstrap.
    level : float
        Between 0 and 1.
    few : int
        Elements with up to so many ratings are simulated.
    replicates : int
        Fewer, but not below 200, where that would take more than 50 million draws.
    only : sequence of elements, optional
        Simulate these alone; the others have the formula.
    ratings : Ratings, optional
        See `Held.of`.

    Raises
    ------
    Rejected
        An unknown facet; a level outside (0, 1); fewer than one replicate.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> fit = fit_rasch(simulate_ratings(Scenario(n_items=100, n_raters=4), seed=1).ratings)
    >>> bands = fit_bands(fit, "rater", seed=1)
    >>> bands.infit_low.round(1).tolist(), bands.infit_high.round(1).tolist()
    ([0.8, 0.8, 0.8, 0.8], [1.3, 1.3, 1.3, 1.3])
    """
    if not 0 < level < 1:
        raise Rejected("must lie between 0 and 1", field="level")
    if replicates < 1:
        raise Rejected("must be at least 1", field="replicates")
    asked = fit.facet(facet)
    z = NormalDist().inv_cdf((1 + level) / 2)
    infit = [_limit(asked.infit_df, side * z) for side in (-1.0, 1.0)]
    outfit = [_limit(asked.outfit_df, side * z) for side in (-1.0, 1.0)]
    wanted, n = _wanted(asked, few, only), 0
    if wanted.any():
        draws = _Draws.of(Held.of(fit, ratings), facet, wanted)
        n = max(min(replicates, _MOST_DRAWS // max(len(draws.cell), 1)), min(_LEAST_REPLICATES, replicates))
        squares = draws.mean_squares(n, np.random.default_rng(seed))
        for limits, found in zip((infit, outfit), squares, strict=True):
            for limit, side in zip(limits, ((1 - level) / 2, (1 + level) / 2), strict=True):
                limit[draws.element] = np.quantile(found, side, axis=0)
        wanted = np.isin(np.arange(len(wanted)), draws.element)
    return FitBands(facet, asked.elements, level, infit[0], infit[1], outfit[0], outfit[1], wanted, n)


def _limit(df: FloatArray, z: float) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.sqrt(2 / df)
    return np.asarray(np.maximum(1 + (z - q / 3) * q / 3, 0.0) ** 3)


def _wanted(asked: FacetFit, few: int, only: Sequence[Hashable] | None) -> BoolArray:
    wanted = (asked.n > 0) & (asked.n <= few) & np.isfinite(asked.infit)
    if only is not None:
        named = set(only)
        wanted &= np.array([element in named for element in asked.elements], dtype=np.bool_)
    return np.asarray(wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Draws:
    """The ratings of some elements, with what is expected of them at the measures.

    ``element`` (L,) are the elements, ``cell`` (r,) says which of them a rating is about; ``below`` (r, K − 1) are
    the chances to be in each category or one below it.
    """

    part: Ratings
    element: IntArray
    cell: IntArray
    mean: FloatArray
    spread: FloatArray
    below: FloatArray
    success: FloatArray

    @classmethod
    def of(cls, held: Held, facet: str, wanted: BoolArray) -> _Draws:
        codes = held.ratings.facet(facet).elements.codes
        chosen = wanted[codes]
        element, cell = np.unique(codes[chosen], return_inverse=True)
        part, eta = held.ratings.where(chosen), held.eta[chosen]
        mean, spread, chance = expected_of(part, eta, held.steps, slice(None))
        success = np.where(part.trials > 0, mean / np.maximum(part.trials, 1), 0.0)
        return cls(part, element, cell, mean, spread, chance.cumsum(axis=1)[:, :-1], success)

    def mean_squares(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """(n, L) infit and outfit of ratings that follow the model."""
        weight, size = self.part.weight, len(self.element)
        spread = np.bincount(self.cell, weight * self.spread, size)
        total = np.bincount(self.cell, weight, size)
        standard = weight / np.maximum(self.spread, 1e-150)
        infit, outfit = np.empty((n, size)), np.empty((n, size))
        for turn in range(n):
            square = np.square(self._drawn(rng) - self.mean)
            infit[turn] = np.bincount(self.cell, weight * square, size) / spread
            outfit[turn] = np.bincount(self.cell, standard * square, size) / total
        return infit, outfit

    def _drawn(self, rng: np.random.Generator) -> FloatArray:
        out = (rng.random((len(self.cell), 1)) >= self.below).sum(axis=1)
        counted = self.part.trials > 0
        if counted.any():
            out[counted] = rng.binomial(self.part.trials[counted], self.success[counted])
        return np.asarray(out, dtype=np.float64)
