"""Measures that are known come out of sparse ratings; `bench_rasch recovery` does the same with more replications."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.result import Estimator, FacetFit
from annotate.stats.simulate import Scenario, simulate_ratings

DESIGNS = {
    "200 items, 20 raters, 3 criteria, 2 each": Scenario(200, 20, 3, raters_per_item=2),
    "300 items, 60 raters, 1 criterion, 3 each": Scenario(300, 60, 1, raters_per_item=3),
    "400 items, 40 raters, 2 criteria, 3 each": Scenario(400, 40, 2, raters_per_item=3),
    "100 items, 8 raters, 5 criteria, crossed": Scenario(100, 8, 5),
    "300 items, 60 raters who are all the same": Scenario(300, 60, 1, raters_per_item=3, rater_sd=0.05),
}
SPARSE = [name for name in DESIGNS if "same" not in name]


@dataclass(frozen=True)
class Recovery:
    """Means over replications; ``true_reliability`` is the squared correlation of raters with the truth."""

    slope: float
    items_covered: float
    raters_covered: float
    item_rmse: float
    rater_rmse: float
    reliability: float
    true_reliability: float
    converged: float


def recovery_of(scenario: Scenario, n: int, estimator: Estimator = "eb") -> Recovery:
    return Recovery(*np.mean([_once(scenario, seed, estimator) for seed in range(n)], axis=0))


def _once(scenario: Scenario, seed: int, estimator: Estimator) -> tuple[float, ...]:
    made = simulate_ratings(scenario, seed=seed)
    fit = fit_rasch(made.ratings, estimator=estimator)
    items, raters = fit.facet("item"), fit.facet("rater")
    slope = np.polyfit(made.truth.thresholds[0], [one.measure for one in fit.thresholds], 1)[0]
    item_gap, rater_gap = _gap(items, made.truth.items), _gap(raters, made.truth.raters)
    assert raters.separation is not None
    known = np.isfinite(raters.measure)
    correlation = np.corrcoef(raters.measure[known], made.truth.raters[known])[0, 1]
    return (
        float(slope),
        _covered(items, item_gap),
        _covered(raters, rater_gap),
        float(np.sqrt(np.nanmean(item_gap**2))),
        float(np.sqrt(np.nanmean(rater_gap**2))),
        raters.separation.population.reliability,
        float(correlation**2),
        float(fit.converged),
    )


def _gap(facet: FacetFit, truth: FloatArray) -> FloatArray:
    """(n_elements,) estimate less truth, both around the means of what has a measure."""
    known = np.isfinite(facet.measure)
    return np.where(known, facet.measure - np.nanmean(facet.measure) - (truth - truth[known].mean()), np.nan)


def _covered(facet: FacetFit, gap: FloatArray) -> float:
    told = np.isfinite(gap) & np.isfinite(facet.se)
    return float((np.abs(gap[told]) < 1.96 * facet.se[told]).mean())


@cache
def found(name: str) -> Recovery:
    return recovery_of(DESIGNS[name], 12)


@pytest.mark.parametrize("name", SPARSE)
def test_measures_and_their_errors_are_right(name: str) -> None:
    # 12 replications leave .02 of noise in the slope and .015 in the coverage.
    assert found(name).converged == 1
    assert found(name).slope == pytest.approx(1, abs=0.05)
    assert found(name).items_covered == pytest.approx(0.95, abs=0.025)
    assert found(name).raters_covered == pytest.approx(0.95, abs=0.035)
    assert found(name).reliability == pytest.approx(found(name).true_reliability, abs=0.05)


def test_identical_raters_are_not_told_apart() -> None:
    identical = recovery_of(DESIGNS["300 items, 60 raters who are all the same"], 12)
    assert identical.reliability < 0.2
    assert identical.rater_rmse < 0.1


def test_joint_estimates_are_stretched_and_too_sure_of_themselves() -> None:
    name = "300 items, 60 raters, 1 criterion, 3 each"
    joint = recovery_of(DESIGNS[name], 4, "jmle")
    assert joint.slope > 1.5
    assert joint.raters_covered < 0.85
    assert joint.rater_rmse > 1.8 * found(name).rater_rmse
