"""Whether answers follow what is rated."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.discernment import discernment
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import ESTIMATORS, fitted, made, with_values

DENSE = Scenario(n_items=200, n_raters=8, n_criteria=2)
SPARSE = Scenario(n_items=300, n_raters=15, n_criteria=3, raters_per_item=2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("scenario", [DENSE, SPARSE])
def test_raters_who_follow_the_model_have_a_slope_of_one(scenario, estimator) -> None:
    found = discernment(fitted(scenario, estimator))
    low = 0.7 if estimator == "jmle" else 0.9
    assert low < found.slope.mean() < 1.15
    assert (found.se > 0).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("scenario", [DENSE, SPARSE])
def test_somebody_who_guesses_on_one_criterion(scenario, estimator) -> None:
    ratings = made(scenario).ratings
    rater, criterion = (ratings.facets[place].elements.codes for place in (1, 2))
    guess = np.random.default_rng(5).integers(5, size=len(ratings))
    own = (rater == 3) & (criterion == 1)
    fit = fit_rasch(with_values(ratings, np.where(own, guess, ratings.value)), estimator=estimator)
    found = discernment(fit, criterion="criterion")
    assert found.criteria == tuple(range(scenario.n_criteria))
    assert abs(found.slope[3, 1]) < 0.4
    assert np.unravel_index(np.argmin(found.slope), found.slope.shape) == (3, 1)
    assert found.n[3, 1] == own.sum()


def test_whose_items_nobody_else_rated_has_no_slope() -> None:
    fit = fitted(Scenario(n_items=40, n_raters=4, raters_per_item=1))
    found = discernment(fit)
    assert (found.n == 0).all()
    assert np.isnan(found.slope).all()


def test_always_the_same_answer_has_slope_zero() -> None:
    ratings = made(DENSE).ratings
    value = np.where(ratings.facets[1].elements.codes == 0, 2, ratings.value)
    found = discernment(fit_rasch(with_values(ratings, value)))
    assert found.slope[0, 0] == pytest.approx(0)
