"""Shares of categories by rater."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.usage import usage
from tests.annotate.stats.rasch.scenes import (
    CROSSED,
    ESTIMATORS,
    chances,
    fitted,
    made,
    thresholds_of,
    with_values,
)


def test_shares_by_hand() -> None:
    fit = fitted(CROSSED, "jmle")
    ratings = fit.design.ratings
    chance = chances(fit.design.spread(np.nan_to_num(fit.measures)), thresholds_of(fit))
    own = ratings.facets[1].elements.codes == 2
    found = usage(fit)
    assert found.given[2] == pytest.approx(np.bincount(ratings.value[own], minlength=4) / own.sum())
    assert found.expected[2] == pytest.approx(chance[own].mean(axis=0))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_shares_add_up_and_are_near_what_is_expected(estimator) -> None:
    found = usage(fitted(CROSSED, estimator))
    assert found.given.sum(axis=1) == pytest.approx(np.ones(5))
    assert found.expected.sum(axis=1) == pytest.approx(np.ones(5))
    assert found.given == pytest.approx(found.expected, abs=0.08)


def test_whoever_keeps_to_the_middle_is_seen() -> None:
    ratings = made(CROSSED).ratings
    value = np.where(ratings.facets[1].elements.codes == 4, 2, ratings.value)
    found = usage(fit_rasch(with_values(ratings, value)))
    assert found.given[4, 2] == 1
    assert found.expected[4, 2] < 0.6
