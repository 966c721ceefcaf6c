r"""Fair averages: what an element would get if everything else were average, in categories instead of logits.

.. math:: F_e = \sum_k k P(k \mid \eta_e), \qquad \eta_e = \pm \beta_e + \sum_{f \ne f(e)} \pm \bar\beta_f

With thresholds per criterion (or rater) the average is taken over the scales, each with the measure of its own
criterion (or rater), as if everybody had been asked everything once; the elements that scales belong to use their own.

References
----------
Linacre, J. M. A User's Guide to FACETS, "Fair average". https://www.winsteps.com/facetman/fairaverage.htm
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Real
from typing import Literal, TypeAlias, cast

import numpy as np

from annotate.errors import NotEstimable
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.curves import only, probabilities
from annotate.stats.rasch.result import FacetFit, RaschFit
from annotate.stats.rasch.steps import Steps

Others: TypeAlias = Literal["mean", "zero"]
_CELLS = 1 << 22
"""Element-scale pairs up to which every one is worked out; beyond, curves are read off a grid."""
_GRID = 0.01
_EDGE = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FairAverages:
    """Of the L elements of one facet.

    Attributes
    ----------
    category : (L,) float array
        From 0 for the lowest category; NaN where an element has no measure.
    score : (L,) float array or None
        In the numbers that the levels are; None where they are no numbers.
    """

    facet: str
    elements: tuple[Hashable, ...]
    category: FloatArray
    score: FloatArray | None


def fair_averages(
    fit: RaschFit, facet: str, *, others: Others = "mean", scale: Hashable | None = None
) -> FairAverages:
    """Expected categories at the elements' measures.

    Parameters
    ----------
    fit : RaschFit
    facet : str
    others : {'mean', 'zero'}
        Where all other facets are: at the mean of their elements that are not extreme, or at 0 logits.
    scale : optional
        Only on this scale (a criterion under partial credit).

    Returns
    -------
    FairAverages

    Raises
    ------
    Rejected
        An unknown facet.
    NotEstimable
        Nobody gave a category (all ratings count trials), or none on that scale.

    Examples
    --------
    >>> from annotate.stats.simulate import Scenario, simulate_ratings
    >>> from annotate.stats.rasch.fit import fit_rasch
    >>> made = simulate_ratings(Scenario(n_items=60, n_raters=3), seed=1)
    >>> fair_averages(fit_rasch(made.ratings), "rater").category.round(1).tolist()
    [1.9, 1.6, 1.8]
    """
    asked = fit.facet(facet)
    owner = _owner(fit)
    own_scale = owner is not None and owner.name == facet
    chosen = _scales(fit, scale)
    shift = _level(fit, asked, owner, others)[chosen]
    sign = next(float(one.sign) for one in fit.facets if one.name == facet)
    place = sign * asked.measure
    numbers = np.arange(fit.steps.sums.shape[1], dtype=np.float64)
    category = _averaged(fit, place, shift, chosen, numbers, own_scale=own_scale and scale is None)
    levels = fit.design.ratings.levels
    if not all(isinstance(level, Real) for level in levels):
        return FairAverages(facet, asked.elements, category, None)
    scores = np.array([float(cast(Real, level)) for level in levels])
    score = _averaged(fit, place, shift, chosen, scores, own_scale=own_scale and scale is None)
    return FairAverages(facet, asked.elements, category, score)


def _owner(fit: RaschFit) -> FacetFit | None:
    """The facet whose elements have thresholds of their own."""
    scales = fit.design.ratings.scale
    for facet, own in zip(fit.facets, fit.design.ratings.facets, strict=True):
        if own.elements is scales or (len(scales.vocab) > 1 and scales.vocab == facet.elements):
            return facet
    return None


def _scales(fit: RaschFit, scale: Hashable | None) -> IntArray:
    """Numbers of the scales to average over."""
    used = fit.steps.used.any(axis=1)
    if scale is not None:
        used = used & np.array([name == scale for name in fit.design.ratings.scale.vocab])
    if not used.any():
        raise NotEstimable("Nobody gave a category on this scale, so there is no average of categories.")
    return np.flatnonzero(used)


def _level(fit: RaschFit, asked: FacetFit, owner: FacetFit | None, others: Others) -> FloatArray:
    """(G,) sums of the other facets' signed measures, that of the scale's own element among them."""
    total = np.zeros(len(fit.steps.sums))
    for facet in fit.facets:
        if facet is asked:
            continue
        centre = _mean(facet) if others == "mean" else 0.0
        if facet is owner:
            total += facet.sign * np.where(np.isfinite(facet.measure), facet.measure, centre)
        else:
            total += facet.sign * centre
    return total


def _mean(facet: FacetFit) -> float:
    plain = np.isfinite(facet.measure) & (facet.extreme == 0)
    return float(facet.measure[plain].mean()) if plain.any() else 0.0


def _averaged(
    fit: RaschFit,
    place: FloatArray,
    shift: FloatArray,
    chosen: IntArray,
    scores: FloatArray,
    *,
    own_scale: bool,
) -> FloatArray:
    """(L,) expected scores, each on its own scale or as the mean over the chosen ones."""
    steps = only(fit.steps, chosen)
    out = np.full(len(place), np.nan)
    if own_scale:
        at = (place[chosen] + shift)[:, None]
        out[chosen] = (probabilities(steps, at) @ scores)[:, 0]
        return out
    known = np.isfinite(place)
    if not known.any():
        return out
    if len(chosen) * int(known.sum()) <= _CELLS:
        out[known] = _mean_curve(steps, place[known], shift, scores)
        return out
    low, high = float(place[known].min()) - _EDGE, float(place[known].max()) + _EDGE
    grid = np.linspace(low, high, int((high - low) / _GRID) + 2)
    out[known] = np.interp(place[known], grid, _mean_curve(steps, grid, shift, scores))
    return out


def _mean_curve(steps: Steps, place: FloatArray, shift: FloatArray, scores: FloatArray) -> FloatArray:
    total = np.zeros(len(place))
    per_block = max(1, (1 << 20) // max(len(place), 1))
    for start in range(0, len(shift), per_block):
        part = np.arange(start, min(start + per_block, len(shift)))
        chance = probabilities(only(steps, part), place + shift[part, None])
        total += (chance @ scores).sum(axis=0)
    return np.asarray(total / len(shift))
