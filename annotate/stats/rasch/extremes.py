"""Elements whose every rating is the lowest, or the highest, there is: no finite measure is the likeliest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps

ADJUSTMENT = 0.3
"""How far a perfect score is moved inwards, in score points (the default of Facets and Winsteps)."""
_STEPS = 200
_TOLERANCE = 1e-10
_FURTHEST = 1.0
"""Longest step of a measure, in logits: the curve is flat far out."""


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """Which elements are extreme and which ratings remain once all of them are set aside.

    Attributes
    ----------
    direction : (n_elements,) int array
        −1 lowest, +1 highest as far as ratings go (not measures), 0 not extreme.
    round : (n_elements,) int array
        Setting one aside may make another extreme: in which round it went, −1 if it stayed.
    remaining : (n,) bool array
    """

    direction: IntArray
    round: IntArray
    remaining: BoolArray

    @property
    def found(self) -> BoolArray:
        return self.round >= 0


def bounds(ratings: Ratings, steps: Steps) -> tuple[FloatArray, FloatArray]:
    """(n,) lowest and highest value that each rating could have."""
    numbers = np.arange(ratings.n_categories)
    low = np.where(steps.used, numbers, ratings.n_categories).min(axis=1, initial=ratings.n_categories)
    high = np.where(steps.used, numbers, -1).max(axis=1, initial=-1)
    counted = ratings.trials > 0
    return (
        np.where(counted, 0, low[ratings.scale.codes]).astype(np.float64),
        np.where(counted, ratings.trials, high[ratings.scale.codes]).astype(np.float64),
    )


def find_extremes(
    design: Design, steps: Steps, *, rounds: int | None = None, among: BoolArray | None = None
) -> Extremes:
    """Set extreme elements (of those ``among``) aside until none is left, or for some rounds; anchored ones stay."""
    ratings = design.ratings
    remaining = ratings.weight > 0
    direction = np.zeros(design.n_elements, dtype=np.int64)
    gone = np.full(design.n_elements, -1, dtype=np.int64)
    for turn in range(design.n_elements if rounds is None else rounds):
        # With the ratings of extreme elements a category may go, and what was next to it becomes the end.
        low, high = bounds(ratings, Steps.of(ratings.where(remaining)) if turn else steps)
        above = design.gathered(remaining * (ratings.value - low), signed=False)
        below = design.gathered(remaining * (high - ratings.value), signed=False)
        seen = design.gathered(remaining.astype(np.float64), signed=False) > 0
        extreme = seen & (gone < 0) & ~design.is_anchored & ((above == 0) | (below == 0))
        if among is not None:
            extreme &= among
        if not extreme.any():
            break
        gone[extreme] = turn
        direction[extreme] = np.where(below[extreme] == 0, 1, -1)
        remaining = remaining & ~extreme[design.index].any(axis=0)
    return Extremes(direction, gone, remaining)


def place_extremes(
    design: Design,
    steps: Steps,
    measures: FloatArray,
    extremes: Extremes,
    *,
    adjustment: float = ADJUSTMENT,
    variances: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Measures of all elements, and their standard errors where they are extreme (NaN elsewhere).

    Over what is uncertain about the others, by ``variances``, expectations are averaged.

    The last to be set aside is placed first, with everything else held. An element none of whose ratings is about
    elements with a measure has none: NaN.
    """
    ratings = design.ratings
    low, high = bounds(ratings, steps)
    placed = np.where(extremes.found, np.nan, measures)
    errors = np.full(design.n_elements, np.nan)
    for turn in range(int(extremes.round.max(initial=-1)), -1, -1):
        here = extremes.round == turn
        own = here[design.index]
        known = ~np.isnan(placed)[design.index]
        usable = (own.sum(axis=0) == 1) & (own | known).all(axis=0) & (ratings.weight > 0)
        if not usable.any():
            continue
        part = Design.of(ratings.where(usable))
        least = part.gathered(part.ratings.weight * low[usable], signed=False)
        most = part.gathered(part.ratings.weight * high[usable], signed=False)
        target = np.where(extremes.direction > 0, most - adjustment, least + adjustment)
        at, error = _solved(part, steps, placed, here & (most > least), target, variances)
        placed, errors = np.where(here, at, placed), np.where(here, error, errors)
    return placed, errors


def _solved(
    part: Design,
    steps: Steps,
    measures: FloatArray,
    wanted: BoolArray,
    target: FloatArray,
    variances: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Each wanted element where its expected score is the target, the others held."""
    spread = None if variances is None else part.spread_variance(variances)
    sign = np.concatenate([np.full(len(one), float(one.sign)) for one in part.ratings.facets])
    at = np.where(wanted, 0.0, np.nan_to_num(measures))
    for _ in range(_STEPS):
        found = moments(part.ratings, part.spread(at), steps, spread)
        expected = part.gathered(part.ratings.weight * part.ratings.value - found.residual, signed=False)
        information = np.maximum(part.gathered(found.variance, signed=False), 1e-300)
        move = np.where(wanted, np.clip((target - expected) / information, -_FURTHEST, _FURTHEST), 0.0)
        at = at + sign * move
        if np.abs(move).max(initial=0.0) < _TOLERANCE:
            break
    found = moments(part.ratings, part.spread(at), steps, spread)
    information = part.gathered(found.variance, signed=False)
    with np.errstate(divide="ignore"):
        return np.where(wanted, at, np.nan), np.where(wanted, 1 / np.sqrt(information), np.nan)
