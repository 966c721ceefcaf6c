"""Category function against Facets' print-out and against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.categories import category_curves, category_use
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import (
    CROSSED,
    ESTIMATORS,
    chances,
    fitted,
    island,
    made,
    thresholds_of,
    with_values,
)


def test_three_mile_island_as_facets_printed_it() -> None:
    # Facets 4.1.8, threemile.txt, table 8. The converged thresholds are symmetric and so is all that follows from
    # them; the print-out is not, to .04, because Facets reads these places off a table of its own.
    low, middle, high = category_use(island())[0].categories
    assert [low.count, middle.count, high.count] == [147, 713, 208]
    assert [middle.threshold, high.threshold] == pytest.approx([-1.44, 1.44], abs=0.005)
    assert [middle.reached, high.reached] == pytest.approx([-1.49, 1.48], abs=0.01)
    assert [low.expectation, middle.expectation, high.expectation] == pytest.approx(
        [-2.54, 0, 2.55], abs=0.04
    )
    assert [middle.half_point, high.half_point] == pytest.approx([-1.55, 1.57], abs=0.03)
    # As weights: the figure of the print-out counts records and not responses.
    assert [middle.threshold_se, high.threshold_se] == pytest.approx([0.089, 0.078], abs=0.0005)
    assert low.threshold is None
    assert low.reached is None


def test_averages_and_outfit_by_hand() -> None:
    fit = fitted(CROSSED, "jmle")
    (use,) = category_use(fit)
    eta, value = fit.design.spread(fit.measures), fit.design.ratings.value
    chance = chances(eta, thresholds_of(fit))
    mean = chance @ np.arange(4)
    spread = chance @ np.arange(4) ** 2 - mean**2
    for k, category in enumerate(use.categories):
        z2 = (k - mean) ** 2 / spread
        assert category.count == (value == k).sum()
        assert category.share == pytest.approx((value == k).mean())
        assert category.average == pytest.approx(eta[value == k].mean())
        assert category.expected_average == pytest.approx((chance[:, k] * eta).sum() / chance[:, k].sum())
        assert category.outfit == pytest.approx(z2[value == k].sum() / (chance[:, k] * z2).sum())


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_scale_that_works_looks_like_it(estimator) -> None:
    (use,) = category_use(fitted(Scenario(n_items=200, n_raters=8, n_criteria=2), estimator))
    assert use.is_ordered
    for category in use.categories:
        assert category.outfit == pytest.approx(1, abs=0.15)
        assert category.average == pytest.approx(category.expected_average, abs=0.1)


def test_disorder_is_flagged() -> None:
    scenario = Scenario(n_items=200, n_raters=6, n_categories=4, thresholds=(-1.0, 1.2, -0.2))
    (use,) = category_use(fitted(scenario))
    assert [category.is_disordered for category in use.categories] == [False, False, False, True]
    assert not use.is_ordered


def test_unused_categories_have_no_numbers() -> None:
    simulation = made(CROSSED)
    value = np.where(simulation.ratings.value == 1, 2, simulation.ratings.value)
    (use,) = category_use(fit_rasch(with_values(simulation.ratings, value)))
    empty = use.categories[1]
    assert (empty.count, empty.average, empty.outfit, empty.threshold) == (0.0, None, None, None)
    assert use.categories[2].threshold is not None
    assert use.is_ordered


def test_scales_of_their_own() -> None:
    scenario = Scenario(n_items=80, n_raters=6, n_criteria=3, thresholds_by="criterion", threshold_sd=0.5)
    uses = category_use(fitted(scenario))
    assert [use.scale for use in uses] == [0, 1, 2]
    assert uses[0].categories[1].threshold != uses[1].categories[1].threshold


def test_curves_add_up_and_cross_at_thresholds() -> None:
    fit = fitted(CROSSED)
    curves = category_curves(fit, low=-5, high=5, n=101)
    assert curves.probability.shape == (101, 4)
    assert curves.probability.sum(axis=1) == pytest.approx(np.ones(101))
    assert (np.diff(curves.expected) > 0).all()
    at = thresholds_of(fit)[0]
    below, above = (np.interp(at, curves.eta, curves.probability[:, k]) for k in (0, 1))
    assert below == pytest.approx(above, abs=0.002)
