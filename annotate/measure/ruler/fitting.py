"""From labels to a fitted scale: targets, people and machines, questions, each question with thresholds of its own."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from annotate.errors import NotEstimable
from annotate.measure.ruler.labels import IntArray, RulerLabels
from annotate.stats.codes import BoolArray, Codes, FloatArray
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import RaschFit

FEWEST = 3
"""Steps that a spread can be told of."""
ITEM, RATER, CRITERION = "item", "rater", "criterion"
PEOPLE, MACHINES = "people", "machines"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Ratings in columns of one length: keys of what was labelled, by whom, by which question; the level given."""

    label: IntArray
    rater: IntArray
    criterion: IntArray
    target: IntArray
    level: IntArray

    @classmethod
    def of(cls, labels: RulerLabels, rows: BoolArray) -> Columns:
        return cls(
            labels.label[rows],
            labels.rater[rows],
            labels.criterion[rows],
            labels.target[rows],
            labels.level[rows],
        )

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A fit with the ratings it was made from. ``residual`` is how far above what was expected each one is, in levels,
    ``variance`` what the model expects of its square."""

    labels: RulerLabels
    columns: Columns
    fit: RaschFit
    residual: FloatArray
    variance: FloatArray

    @property
    def n_levels(self) -> int:
        return self.fit.design.ratings.n_categories

    @property
    def rater_keys(self) -> tuple[int, ...]:
        return self.fit.facet(RATER).elements  # type: ignore[return-value]

    @property
    def rater_codes(self) -> IntArray:
        return self.fit.design.ratings.facet(RATER).elements.codes

    @property
    def item_keys(self) -> tuple[int, ...]:
        return self.fit.facet(ITEM).elements  # type: ignore[return-value]

    @property
    def item_codes(self) -> IntArray:
        return self.fit.design.ratings.facet(ITEM).elements.codes

    @property
    def criterion_keys(self) -> tuple[int, ...]:
        return self.fit.facet(CRITERION).elements  # type: ignore[return-value]

    @property
    def criterion_codes(self) -> IntArray:
        return self.fit.design.ratings.facet(CRITERION).elements.codes

    @property
    def place(self) -> IntArray:
        """(n,) which question at which target each rating answers."""
        return self.item_codes * len(self.criterion_keys) + self.criterion_codes


def fit_scale(labels: RulerLabels, *, seed: int = 0) -> Scale:
    """Raises NotEstimable where nothing was rated, or everything alike."""
    rows = labels.ratings
    columns = Columns.of(labels, rows)
    if not labels.questions:
        raise NotEstimable(
            "No question of the rubric has levels in an order, so there is nothing to measure on."
        )
    if len(np.unique(columns.rater)) < 2:
        raise NotEstimable("It takes labels by two raters at least to measure anybody.")
    if len(np.unique(columns.target)) < FEWEST:
        raise NotEstimable(f"It takes {FEWEST} labelled steps at least to measure anybody.")
    ratings = ratings_of(columns, labels)
    if all(
        len(np.unique(columns.level[columns.criterion == key])) < 2 for key in np.unique(columns.criterion)
    ):
        raise NotEstimable("Every label is the same, so nobody can be told from anybody else.")
    fit = fit_rasch(ratings, estimator="eb", seed=seed)
    design = fit.design
    eta, spread = design.spread(np.nan_to_num(fit.measures)), design.spread_variance(fit.variances)
    found = moments(ratings, eta, fit.steps, spread)
    return Scale(labels, columns, fit, found.residual, found.variance)


def ratings_of(columns: Columns, labels: RulerLabels) -> Ratings:
    """The columns as a model reads them; elements are the keys."""
    population: dict[Hashable, Hashable] = {
        pk: MACHINES if rater.is_machine else PEOPLE for pk, rater in labels.raters.items()
    }
    facets = [
        Facet.of(ITEM, Codes.of(columns.target, field="target"), sign=1),
        Facet.of(RATER, Codes.of(columns.rater, field="rater"), population=population),
        Facet.of(CRITERION, Codes.of(columns.criterion, field="criterion"), is_random=False),
    ]
    most = max(len(question.levels) for question in labels.questions)
    return Ratings.of(facets, columns.level, thresholds_by=CRITERION, levels=range(most))
