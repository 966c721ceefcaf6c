r"""Whether a rater's answers have anything to do with what is rated.

Of every rating the expectation :math:`E_{-j}` is taken with the item measured by the *other* raters only: its measure
is moved by one Newton step, :math:`\eta - \sum_e y / (I_i - \sum_e V)` over the rater's own ratings e of the item, and
its uncertainty grows with what is left out. In each cell (a rater, or a rater on a criterion) the slope

.. math:: b = \frac{\sum w (E_{-j} - \bar E)(x - \bar x)}{\sum w (E_{-j} - \bar E)^2}

is about 1 for raters who follow the model (less where joint estimates stretch the scale) and 0 for those who answer at
random, or always the same.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.slopes import Slopes

LEAST_SHARE = 0.1
"""Share of an item's information that must be the others' (or its population's)."""
_FURTHEST = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Discernment:
    """Arrays are (J, C), C = 1 without a criterion; NaN where nothing varies.

    Attributes
    ----------
    n : float array
        Ratings of items that somebody else rated as well.
    slope, se : float arrays
    spread : float array
        Standard deviation of what is expected, in categories: without any, no slope can be told.
    """

    elements: tuple[Hashable, ...]
    criteria: tuple[Hashable, ...]
    n: FloatArray
    slope: FloatArray
    se: FloatArray
    spread: FloatArray


def discernment(
    fit: RaschFit, *, rater: str = "rater", criterion: str | None = None, ratings: Ratings | None = None
) -> Discernment:
    """Slopes of all raters, on each criterion where one is named.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=200, n_raters=6, guessers=(2,)), seed=1)
    >>> slope = discernment(fit_rasch(made.ratings)).slope[:, 0]
    >>> int(np.argmin(slope)), bool(abs(slope[2]) < 0.2), bool(np.delete(slope, 2).min() > 0.7)
    (2, True, True)
    """
    held = Held.of(fit, ratings)
    usable, expected = _by_others(held, rater)
    owner = held.ratings.facet(rater).elements
    kinds = held.ratings.facet(criterion).elements if criterion is not None else None
    n_kinds = len(kinds.vocab) if kinds is not None else 1
    cell = (owner.codes * n_kinds + (kinds.codes if kinds is not None else 0))[usable]
    size = len(owner.vocab) * n_kinds
    weight, value = held.ratings.weight[usable], held.ratings.value[usable].astype(np.float64)

    def summed(amount: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(cell, weight * amount, size), dtype=np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        total = summed(np.ones(len(cell)))
        x = value - (summed(value) / total)[cell]
        e = expected[usable] - (summed(expected[usable]) / total)[cell]
        square = summed(e * e)
        told = square > 1e-9 * np.maximum(total, 1e-300)
        slope = np.where(told, summed(e * x) / square, np.nan)
        rest = x - np.nan_to_num(slope)[cell] * e
        n = np.bincount(cell, minlength=size).astype(np.float64)
        noise = summed(rest * rest) / total * n / np.maximum(n - 2, 1)
        se = np.where(told & (n > 2), np.sqrt(noise * total / n / square), np.nan)
        spread = np.sqrt(square / total)
    shape = (len(owner.vocab), n_kinds)
    return Discernment(
        owner.vocab,
        kinds.vocab if kinds is not None else (None,),
        n.reshape(shape),
        slope.reshape(shape),
        se.reshape(shape),
        spread.reshape(shape),
    )


def _by_others(held: Held, rater: str) -> tuple[BoolArray, FloatArray]:
    """(n,) whether others have told something of the item, and what is expected by them."""
    ratings, item = held.ratings, held.ratings.facets[0].elements
    owner = ratings.facet(rater).elements
    event = np.unique(item.codes * len(owner.vocab) + owner.codes, return_inverse=True)[1]
    own = np.bincount(event, held.slopes.variance)[event]
    gap = np.bincount(event, held.slopes.residual)[event]
    information = held.information[held.design.index[0]]
    left = information - own
    raters = np.bincount(item.codes, minlength=len(item.vocab))
    others = raters[item.codes] > np.bincount(event)[event]
    usable = others & (left > LEAST_SHARE * np.where(np.isfinite(information), information, 0.0))
    bounded = np.where(usable, left, 1.0)
    eta = held.eta - np.clip(np.where(usable, gap / bounded, 0.0), -_FURTHEST, _FURTHEST)
    rest = 0.0 if held.variance is None else held.variance - held.fit.variances[held.design.index[0]]
    variance = np.maximum(rest, 0.0) + np.where(usable, 1 / bounded, 0.0)
    found = Slopes.of(ratings, eta, held.steps, variance)
    return usable, np.asarray(ratings.value - found.residual / ratings.weight)
