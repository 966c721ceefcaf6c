"""What an estimator found, put together as a result: fit, separation and reasons of every facet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.extremes import Extremes, find_extremes
from annotate.stats.rasch.fit_statistics import ElementFit, FitOptions, real_errors
from annotate.stats.rasch.moments import Squares
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import Estimator, FacetFit, Population, RaschFit, Threshold
from annotate.stats.rasch.separation import separation_of
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.structure import Structure
from annotate.stats.rasch.threshold_errors import threshold_errors


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Attributes
    ----------
    inner : Design
        The ratings that were fitted; extreme elements' are none of them.
    measures, errors, variances, displacement : (n_elements,) float arrays
        ``variances`` are those of posteriors, 0 for parameters.
    squares : Squares
        Of the ratings of ``inner``.
    extremes : Extremes or None
        What was set aside; None where nothing had to be.
    ending : (bool, int, str)
        Whether it arrived, after how many rounds, and how that is known.
    """

    estimator: Estimator
    inner: Design
    steps: Steps
    measures: FloatArray
    errors: FloatArray
    variances: FloatArray
    squares: Squares
    displacement: FloatArray
    log_likelihood: float
    ending: tuple[bool, int, str]
    extremes: Extremes | None = None
    populations: tuple[Population, ...] = ()
    curvature: Curvature | None = None


def assembled(found: Found, design: Design, structure: Structure, how: FitOptions) -> RaschFit:
    """The result about all ratings of ``design``."""
    inner, measures, errors, steps = found.inner, found.measures, found.errors, found.steps
    fits = ElementFit.of(inner, found.squares, how)
    counted = fits if inner is design else _counts(design)
    direction = found.extremes.direction if found.extremes else np.zeros(design.n_elements, dtype=np.int64)
    # What no estimator had to set aside may have one-sided ratings still.
    one_sided = np.where(direction != 0, direction, find_extremes(design, steps, rounds=1).direction)
    wide = real_errors(errors, fits.infit)
    facets = []
    for facet, part in zip(design.ratings.facets, design.slices, strict=True):
        plain = direction[part] == 0
        facets.append(
            FacetFit(
                facet.name,
                facet.elements.vocab,
                facet.sign,
                measures[part],
                errors[part],
                wide[part],
                counted.n[part],
                counted.weight[part],
                counted.score[part],
                fits.infit[part],
                fits.outfit[part],
                fits.infit_z[part],
                fits.outfit_z[part],
                fits.infit_df[part],
                fits.outfit_df[part],
                direction[part],
                one_sided[part],
                design.is_anchored[part],
                found.displacement[part],
                separation_of(
                    np.where(plain, measures[part], np.nan),
                    errors[part],
                    wide[part],
                    is_shrunken=_is_shrunken(
                        found.estimator, facet.is_random, facet is design.ratings.facets[0]
                    ),
                ),
            )
        )
    return RaschFit(
        found.estimator,
        *found.ending,
        found.log_likelihood,
        tuple(facets),
        _thresholds(design.ratings, steps, threshold_errors(inner, np.nan_to_num(measures), steps)),
        found.populations,
        structure,
        "plug-in" if found.estimator == "jmle" else "posterior-averaged",
        inner,
        steps,
        measures,
        found.variances,
        found.squares,
        found.curvature,
    )


def displacement_of(design: Design, residual: FloatArray, variance: FloatArray) -> FloatArray:
    r"""(n_elements,) :math:`\sum (x - E) / \sum V` of what is anchored, in the direction of the measure; else NaN."""
    information = design.gathered(variance, signed=False)
    known = design.is_anchored & (information > 0)
    return np.where(known, design.gathered(residual) / np.maximum(information, 1e-300), np.nan)


def _is_shrunken(estimator: Estimator, is_random: bool, is_first: bool) -> bool:
    return (estimator == "eb" and is_random) or (estimator == "mml" and is_first)


def _counts(design: Design) -> ElementFit:
    """Counts over all ratings; there are no residuals of ratings that were set aside."""
    counted = (design.ratings.weight > 0).astype(np.float64)
    none = np.full(design.n_elements, np.nan)
    return ElementFit(
        design.gathered(counted, signed=False),
        design.gathered(design.ratings.weight, signed=False),
        design.gathered(design.ratings.weight * design.ratings.value, signed=False),
        none,
        none,
        none,
        none,
        none,
        none,
    )


def _thresholds(ratings: Ratings, steps: Steps, errors: FloatArray) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(
            ratings.scale.vocab[g],
            ratings.levels[lower],
            ratings.levels[upper],
            measure,
            float(errors[g, upper]) if np.isfinite(errors[g, upper]) else None,
        )
        for g in range(len(steps.sums))
        for lower, upper, measure in steps.thresholds(g)
    )
