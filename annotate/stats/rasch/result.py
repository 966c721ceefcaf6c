"""What a fit says: measures with their errors, and whether it finished."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.many_tests import benjamini_hochberg, holm
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import Squares
from annotate.stats.rasch.separation import Separation
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.structure import Structure
from annotate.stats.student import student_p

Estimator: TypeAlias = Literal["eb", "jmle", "mml"]


@dataclass(frozen=True, slots=True, eq=False)
class FacetFit:
    """The elements of one facet, in the order of ``elements``; arrays are (n_elements,).

    Attributes
    ----------
    measure, se : float arrays
        Logits; NaN where the ratings say nothing (see ``reason``).
    real_se : float array
        Widened where the ratings are noisier than the model says.
    n, weight, score : float arrays
        Ratings, their weights added up, weighted sum of the values given.
    infit, outfit, infit_z, outfit_z, infit_df, outfit_df : float arrays
        See `fit_statistics`; NaN for elements that are extreme.
    extreme : int array
        −1 or 1 where ``jmle`` set an element aside because every rating is the lowest or the highest, else 0.
    one_sided : int array
        −1 or 1 where that is so under any estimator: the measure rests on an assumption.
    is_anchored : bool array
    displacement : float array
        How far an anchored measure is from where its ratings would move it, in logits; NaN for the others.
    separation : Separation or None
        None for fewer than two elements with a measure.
    """

    name: str
    elements: tuple[Hashable, ...]
    sign: int
    measure: FloatArray
    se: FloatArray
    real_se: FloatArray
    n: FloatArray
    weight: FloatArray
    score: FloatArray
    infit: FloatArray
    outfit: FloatArray
    infit_z: FloatArray
    outfit_z: FloatArray
    infit_df: FloatArray
    outfit_df: FloatArray
    extreme: IntArray
    one_sided: IntArray
    is_anchored: BoolArray
    displacement: FloatArray
    separation: Separation | None

    def misfit_chances(self) -> tuple[FloatArray, FloatArray]:
        """(n_elements,) twice: the chance of an infit z so far from 0, as so many were looked at.

        By Holm (of one false alarm or more) and by Benjamini and Hochberg (share of false alarms among those raised).
        """
        p = student_p(self.infit_z, np.inf)
        return holm(p), benjamini_hochberg(p)

    def reason(self, place: int) -> str | None:
        """Why the element has no measure of its own, or one that rests on an assumption."""
        if self.n[place] == 0:
            return "has no rating"
        if np.isnan(self.measure[place]):
            return "nothing in its ratings decides where it is"
        if self.one_sided[place]:
            end = "highest" if self.one_sided[place] > 0 else "lowest"
            return f"every rating is the {end} there is, so how far out the measure lies is an assumption"
        return None


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a category becomes likelier than the one below it, relative to the elements' measures.

    ``lower`` and ``upper`` are neighbours among the categories that were used.
    """

    scale: Hashable
    lower: Hashable
    upper: Hashable
    measure: float
    se: float | None


@dataclass(frozen=True, slots=True)
class Population:
    """A normal distribution that elements of a facet are draws of; ``sd`` in logits."""

    facet: str
    kind: int
    n: int
    mean: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False)
class RaschFit:
    """Attributes
    ----------
    estimator : {'eb', 'jmle', 'mml'}
    converged, n_iter, message
        Numbers of a fit that did not converge are where it stopped.
    log_likelihood : float
        ``jmle``: joint, of the ratings that no extreme element is part of; ``mml``: marginal; ``eb``: a lower bound of
        the marginal.
    facets : tuple of FacetFit
    thresholds : tuple of Threshold
    populations : tuple of Population
        None in ``jmle``.
    structure : Structure
        What can be compared at all.
    fit_kind : {'posterior-averaged', 'plug-in'}
        How residuals were taken.
    """

    estimator: Estimator
    converged: bool
    n_iter: int
    message: str
    log_likelihood: float
    facets: tuple[FacetFit, ...]
    thresholds: tuple[Threshold, ...]
    populations: tuple[Population, ...]
    structure: Structure
    fit_kind: Literal["posterior-averaged", "plug-in"]
    design: Design
    steps: Steps
    measures: FloatArray
    variances: FloatArray
    squares: Squares
    curvature: Curvature | None

    @property
    def deviance(self) -> float:
        return -2 * self.log_likelihood

    @property
    def pearson(self) -> float:
        """Sum of the squared standardized residuals."""
        return float((self.design.ratings.weight * self.squares.standard).sum())

    def facet(self, name: str) -> FacetFit:
        for one in self.facets:
            if one.name == name:
                return one
        raise Rejected(f"no facet is called {name!r}", field="facet")
