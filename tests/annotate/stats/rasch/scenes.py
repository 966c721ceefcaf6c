"""Fits that several tests of the diagnostics look at, and a model's probabilities written out plainly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from annotate.stats.codes import Codes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.result import Estimator, RaschFit
from annotate.stats.simulate import Scenario, Simulation, simulate_ratings

ESTIMATORS: tuple[Estimator, ...] = ("eb", "jmle", "mml")
CROSSED = Scenario(n_items=60, n_raters=5, n_criteria=3, n_categories=4)
SPARSE = Scenario(n_items=200, n_raters=12, n_criteria=3, raters_per_item=2)

# Three Mile Island, as Wright and Masters and the Facets manual print it: counts of low, medium, high.
ISLAND = {
    "LT5 W79": (14, 69, 32),
    "LT5 Sp80": (18, 73, 24),
    "LT5 F81": (14, 72, 29),
    "LT5 F82": (18, 70, 27),
    "GT5 W79": (9, 110, 33),
    "GT5 Sp80": (35, 93, 24),
    "GT5 F81": (17, 116, 19),
    "GT5 F82": (22, 110, 20),
}


@cache
def made(scenario: Scenario, seed: int = 1) -> Simulation:
    return simulate_ratings(scenario, seed=seed)


@cache
def fitted(scenario: Scenario, estimator: Estimator = "eb", seed: int = 1) -> RaschFit:
    return fit_rasch(made(scenario, seed).ratings, estimator=estimator)


@cache
def island() -> RaschFit:
    """One facet, weighted counts, categories 1 to 3."""
    cells = [
        (name, level, count) for name, counts in ISLAND.items() for level, count in enumerate(counts, start=1)
    ]
    group, level, count = zip(*cells, strict=True)
    facet = Facet.of("group", Codes.of(group, field="group"), sign=1)
    ratings = Ratings.of([facet], np.array(level) - 1, weight=np.array(count, float), levels=(1, 2, 3))
    return fit_rasch(ratings, estimator="jmle")


def chances(eta: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """(n, K) probabilities of the rating scale model."""
    numbers = np.arange(len(thresholds) + 1)
    logit = np.multiply.outer(eta, numbers) - np.concatenate([[0], np.cumsum(thresholds)])
    weight = np.exp(logit - logit.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def thresholds_of(fit: RaschFit) -> np.ndarray:
    return np.array([threshold.measure for threshold in fit.thresholds])


def with_values(ratings: Ratings, value: np.ndarray) -> Ratings:
    return replace(ratings, value=np.asarray(value, dtype=np.int64))
