"""Ratings beside what a finished fit expects of them: its measures are held, nothing is estimated again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import BoolArray, Codes, FloatArray, IntArray, first_row
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.slopes import Slopes
from annotate.stats.rasch.steps import Steps


@dataclass(frozen=True, eq=False)
class Held:
    """n ratings whose elements all have a measure that ratings decide.

    Attributes
    ----------
    fit : RaschFit
    n_asked : int
        Ratings that were asked about.
    rows : (n,) int array
        0-based places in these; what is left out has no weight or is about an element
        without a measure, or (``jmle``) about an extreme one.
    design : Design
    eta : (n,) float array
        Logits, at the measures.
    variance : (n,) float array or None
        Of eta; None where measures count as known (``jmle``).
    """

    fit: RaschFit
    n_asked: int
    rows: IntArray
    design: Design
    eta: FloatArray
    variance: FloatArray | None

    @classmethod
    def of(cls, fit: RaschFit, ratings: Ratings | None = None) -> Self:
        """See ``ratings``, by default those that the fit was made of, through ``fit``.

        Raises
        ------
        Rejected
            The ratings are about other elements, or in a category that nobody had used on its scale.
        NotEstimable
            No rating is left.
        """
        asked = fit.design.ratings if ratings is None else ratings
        known = _is_decided(fit)
        whole = Design.of(_checked(fit, asked))
        keep = (asked.weight > 0) & known[whole.index].all(axis=0)
        _refuse_unused(fit.steps, asked, keep)
        if not keep.any():
            raise NotEstimable("No rating is about elements that all have a measure.")
        design = whole if keep.all() else Design.of(asked.where(keep))
        eta = design.spread(np.nan_to_num(fit.measures))
        uncertain = design.spread_variance(fit.variances) if fit.variances.any() else None
        return cls(fit, len(asked), np.flatnonzero(keep), design, eta, uncertain)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ratings(self) -> Ratings:
        return self.design.ratings

    @property
    def steps(self) -> Steps:
        return self.fit.steps

    @cached_property
    def slopes(self) -> Slopes:
        return Slopes.of(self.ratings, self.eta, self.steps, self.variance)

    @property
    def residual(self) -> FloatArray:
        """(n,) x − E, unweighted."""
        return np.asarray(self.slopes.residual / self.ratings.weight)

    @property
    def spread(self) -> FloatArray:
        """(n,) V, unweighted."""
        return np.asarray(self.slopes.variance / self.ratings.weight)

    @property
    def expected(self) -> FloatArray:
        """(n,) E, as a category from 0 up or as a count of successes."""
        return np.asarray(self.ratings.value - self.residual)

    @cached_property
    def information(self) -> FloatArray:
        """(n_elements,) precision of each measure given all others, prior included; infinite where it is anchored."""
        own = self.design.gathered(self.slopes.variance, signed=False)
        with np.errstate(divide="ignore"):
            posterior = np.where(self.fit.variances > 0, 1 / self.fit.variances, own)
        return np.where(self.design.is_anchored, np.inf, np.maximum(posterior, own))

    def codes(self, column: Codes | str) -> Codes:
        """A facet by its name, or a further column about all the ratings asked about, cut to the n that are left."""
        if isinstance(column, str):
            return self.ratings.facet(column).elements
        if len(column.codes) != self.n_asked:
            raise Rejected(
                f"has {len(column.codes)} rows, but {self.n_asked} ratings were asked about; a jmle fit keeps none "
                f"about extreme elements, so name the ratings it was made of",
                field="column",
            )
        return column if len(self) == self.n_asked else column.take(self.rows)


def _is_decided(fit: RaschFit) -> BoolArray:
    """(n_elements,) whether ratings (or an anchor) and not a rule for extremes place the element."""
    extreme = np.concatenate([facet.extreme != 0 for facet in fit.facets])
    return np.asarray(np.isfinite(fit.measures) & ~extreme)


def _checked(fit: RaschFit, ratings: Ratings) -> Ratings:
    mine = [(facet.name, facet.elements) for facet in fit.facets]
    theirs = [(facet.name, facet.elements.vocab) for facet in ratings.facets]
    if mine != theirs or ratings.scale.vocab != fit.design.ratings.scale.vocab:
        raise Rejected("are about other elements than the fit", field="ratings")
    return ratings


def _refuse_unused(steps: Steps, ratings: Ratings, keep: BoolArray) -> None:
    inside = np.minimum(ratings.value, steps.used.shape[1] - 1)
    usual = steps.used[ratings.scale.codes, inside] & (ratings.value < steps.used.shape[1])
    strange = keep & (ratings.trials == 0) & ~usual
    if strange.any():
        raise Rejected(
            "the fit knows nobody who gave this category on this scale", row=first_row(strange), field="value"
        )
