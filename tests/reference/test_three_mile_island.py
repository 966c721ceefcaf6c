"""Stress of mothers near Three Mile Island, against Facets 4.1.8.

The figures are what Facets 4.1.8 printed for its example 3mile.txt, read from 3mile.out in the fixtures of the R
package facetsviz: one facet that is not centred, a rating scale of three categories, counts as weights (R1, R2 …),
converged until nothing changes. The counts were solved from its scores, counts and mean squares.

Its z statistics are cut at one decimal, not rounded (1.255 is printed as 1.2, -2.457 as -2.4). Its errors of the
thresholds are .20 and .17, as if each cell of the table were one rating; with the 1,068 ratings behind them they are
.089 and .078.
"""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.result import RaschFit
from tests.reference.rasch_files import three_mile_island

# Name, score (categories 1 to 3), count, measure, error, mean square, z.
GROUPS = [
    ("LT5 Winter 1979", 248, 115, 0.49, 0.16, 1.16, 1.2),
    ("LT5 Spring 1980", 236, 115, 0.16, 0.16, 1.12, 0.9),
    ("LT5 Fall 1981", 245, 115, 0.40, 0.16, 1.11, 0.8),
    ("LT5 Fall 1982", 239, 115, 0.24, 0.16, 1.19, 1.4),
    ("GT5 Winter 1979", 328, 152, 0.49, 0.14, 0.78, -2.1),
    ("GT5 Spring 1980", 293, 152, -0.22, 0.14, 1.19, 1.5),
    ("GT5 Fall 1981", 306, 152, 0.04, 0.14, 0.73, -2.4),
    ("GT5 Fall 1982", 302, 152, -0.04, 0.14, 0.86, -1.2),
]
FAIR = (2.16, 2.05, 2.13, 2.08, 2.16, 1.93, 2.01, 1.99)
POPULATION = {"true_sd": 0.19, "separation": 1.22, "strata": 1.97, "reliability": 0.60}
SAMPLE = {"true_sd": 0.21, "separation": 1.36, "strata": 2.15, "reliability": 0.65}
COUNTS = (147, 713, 208)


@pytest.fixture(scope="module")
def fit() -> RaschFit:
    return fit_rasch(three_mile_island(), estimator="jmle")


def test_measures_errors_and_mean_squares(fit: RaschFit) -> None:
    groups = fit.facet("group")
    assert groups.elements == tuple(row[0] for row in GROUPS)
    for place, (_, score, count, measure, error, square, _) in enumerate(GROUPS):
        assert groups.weight[place] == count
        # Facets counts its categories from 1.
        assert groups.score[place] + count == score
        printed = (round(float(groups.measure[place]), 2), round(float(groups.se[place]), 2))
        assert printed == (measure, error)
        assert round(float(groups.infit[place]), 2) == square
    np.testing.assert_allclose(groups.infit, groups.outfit)


def test_z_is_printed_as_far_as_a_tenth(fit: RaschFit) -> None:
    cut = np.trunc(fit.facet("group").infit_z * 10) / 10
    assert cut.tolist() == pytest.approx([row[-1] for row in GROUPS], abs=1e-9)


def test_thresholds_and_the_use_of_categories(fit: RaschFit) -> None:
    assert [round(one.measure, 2) for one in fit.thresholds] == [-1.44, 1.44]
    assert [round(float(one.se or 0), 3) for one in fit.thresholds] == [0.089, 0.078]
    assert fit.steps.counts[0].tolist() == list(COUNTS)


def test_separation(fit: RaschFit) -> None:
    separation = fit.facet("group").separation
    assert separation is not None
    assert round(separation.rmse, 2) == 0.15
    for name, printed in POPULATION.items():
        assert round(getattr(separation.population, name), 2) == printed
        assert round(getattr(separation.sample, name), 2) == SAMPLE[name]


def test_chi_squares(fit: RaschFit) -> None:
    separation = fit.facet("group").separation
    assert separation is not None
    assert separation.random is not None
    assert (round(separation.fixed.value, 1), separation.fixed.df) == (21.5, 7)
    assert (round(separation.random.value, 1), separation.random.df) == (5.3, 6)
    assert fit.pearson == pytest.approx(1067.96, abs=0.01)


def test_fair_averages_are_expectations_at_the_measures(fit: RaschFit) -> None:
    sums = fit.steps.sums[0]
    logit = fit.facet("group").measure[:, None] * np.arange(3) - sums
    chance = np.exp(logit)
    chance /= chance.sum(axis=1, keepdims=True)
    assert np.round(chance @ np.array([1, 2, 3]), 2) == pytest.approx(FAIR, abs=1e-9)
