"""Known measures from sparse ratings: `python -m tests.benchmarks.bench_recovery`.

Five designs are made up again and again (normal items with an SD of 1.2, raters of .6, five levels) and fitted. Of the
default estimator thresholds should have a slope of .97 to 1.03 on the true ones, 95 % intervals should cover 93 to 97 %
of items and raters, and the reliability of the raters should be within .05 of the squared correlation with the
truth. `--estimator jmle` shows what joint estimates do with the same ratings.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

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


def recovery_of(scenario: Scenario, n: int, estimator: Estimator = "eb", *, first: int = 0) -> Recovery:
    return Recovery(*np.mean([_once(scenario, seed, estimator) for seed in range(first, first + n)], axis=0))


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
    return np.where(
        known, facet.measure - np.nanmean(facet.measure) - (truth - truth[known].mean()), np.nan
    )


def _covered(facet: FacetFit, gap: FloatArray) -> float:
    told = np.isfinite(gap) & np.isfinite(facet.se)
    return float((np.abs(gap[told]) < 1.96 * facet.se[told]).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=40)
    parser.add_argument("--estimator", choices=("eb", "jmle", "mml"), default="eb")
    options = parser.parse_args()
    print("slope, items and raters covered, RMSE of items and raters, reliability said and true")
    for name, design in DESIGNS.items():
        start = time.process_time()
        found = recovery_of(design, options.replications, options.estimator)
        print(
            f"{name:42} {found.slope:.3f}  {found.items_covered:.3f} {found.raters_covered:.3f}  "
            f"{found.item_rmse:.3f} {found.rater_rmse:.3f}  "
            f"{found.reliability:.3f} {found.true_reliability:.3f}  {time.process_time() - start:.1f} CPU s"
        )
