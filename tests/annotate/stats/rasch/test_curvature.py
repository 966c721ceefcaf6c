from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.priors import Prior
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.test_moments import mixed_table, with_random_sums


def gradient_of(ratings: Ratings, at: FloatArray, steps: Steps) -> tuple[FloatArray, FloatArray]:
    design = Design.of(ratings)
    found = moments(ratings, design.spread(at), steps)
    return design.gathered(found.residual), np.where(steps.free, -found.step_residual, 0.0)


def curvature_of(ratings: Ratings, at: FloatArray, steps: Steps, prior: Prior | None = None) -> Curvature:
    design = Design.of(ratings)
    found = moments(ratings, design.spread(at), steps)
    free = np.ones(design.n_elements, dtype=bool)
    return Curvature(design, steps, found, prior or Prior.none(design), free)


@pytest.mark.parametrize("thresholds_by", [None, "criterion", "rater"])
def test_a_product_is_the_change_of_the_gradient(path: str, thresholds_by: str | None) -> None:
    ratings = mixed_table(thresholds_by=thresholds_by)
    rng = np.random.default_rng(8)
    steps = with_random_sums(Steps.of(ratings))
    at = rng.normal(0, 0.8, Design.of(ratings).n_elements)
    along = rng.normal(size=len(at))
    step_along = np.where(steps.free, rng.normal(size=steps.sums.shape), 0.0)
    turned, step_turned = curvature_of(ratings, at, steps).turned(along, step_along)
    gap = 1e-6
    up = gradient_of(ratings, at + gap * along, steps.moved(gap * step_along))
    down = gradient_of(ratings, at - gap * along, steps.moved(-gap * step_along))
    np.testing.assert_allclose(turned, (down[0] - up[0]) / (2 * gap), atol=1e-5)
    np.testing.assert_allclose(step_turned, (down[1] - up[1]) / (2 * gap), atol=1e-5)


def test_the_gradient_is_the_slope_of_the_likelihood(path: str) -> None:
    ratings = mixed_table(thresholds_by="rater")
    rng = np.random.default_rng(9)
    steps = with_random_sums(Steps.of(ratings))
    design = Design.of(ratings)
    at = rng.normal(0, 0.8, design.n_elements)
    gradient, step_gradient = gradient_of(ratings, at, steps)
    gap = 1e-5
    for place in (0, 3, 120, 121, 125, 127):
        by = np.zeros(len(at))
        by[place] = gap
        up, down = (moments(ratings, design.spread(at + side * by), steps).log_likelihood for side in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / (2 * gap), abs=1e-5)
    for g, k in zip(*np.nonzero(steps.free), strict=True):
        by = np.zeros(steps.sums.shape)
        by[g, k] = gap
        up, down = (
            moments(ratings, design.spread(at), steps.moved(side * by)).log_likelihood for side in (1, -1)
        )
        assert step_gradient[g, k] == pytest.approx((up - down) / (2 * gap), abs=1e-5)


def test_what_is_solved_gives_the_right_hand_side_back(path: str) -> None:
    ratings = mixed_table()
    rng = np.random.default_rng(10)
    steps = with_random_sums(Steps.of(ratings))
    design = Design.of(ratings)
    prior = Prior.of(design, design.gathered(ratings.weight, signed=False) > 0)
    curvature = curvature_of(ratings, rng.normal(0, 0.5, design.n_elements), steps, prior)
    right = rng.normal(size=design.n_elements)
    step_right = np.where(steps.free, rng.normal(size=steps.sums.shape), 0.0)
    # A population's own mean is free, so that nothing pulls on what all its elements share.
    found, step_found = curvature.solved(*curvature.turned(right, step_right), tolerance=1e-10)
    back, step_back = curvature.turned(found, step_found)
    expected, step_expected = curvature.turned(right, step_right)
    np.testing.assert_allclose(back, expected, atol=1e-6)
    np.testing.assert_allclose(step_back, step_expected, atol=1e-6)


def test_what_is_fixed_does_not_move() -> None:
    ratings = mixed_table()
    steps = with_random_sums(Steps.of(ratings))
    whole = curvature_of(ratings, np.zeros(Design.of(ratings).n_elements), steps)
    free = np.arange(whole.design.n_elements) % 3 > 0
    part = Curvature(whole.design, steps, whole.moments, whole.prior, free)
    found, step_found = part.solved(np.ones(len(free)), np.ones(steps.sums.shape), tolerance=1e-6)
    assert (found[~free] == 0).all()
    assert (step_found[~steps.free] == 0).all()
