"""Ratings beside what a fit expects of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.ratings import Facet, Ratings
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, chances, fitted, made, thresholds_of


def test_jmle_expects_what_the_model_says_at_the_measures() -> None:
    fit = fitted(CROSSED, "jmle")
    held = Held.of(fit)
    chance = chances(held.eta, thresholds_of(fit))
    mean = chance @ np.arange(4)
    assert held.expected == pytest.approx(mean)
    assert held.spread == pytest.approx(chance @ np.arange(4) ** 2 - mean**2)
    assert held.variance is None


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_residuals_of_a_rater_add_up_to_little(estimator) -> None:
    held = Held.of(fitted(CROSSED, estimator))
    sums = np.bincount(held.ratings.facets[1].elements.codes, held.residual)
    # Shrunken measures leave what the prior pulls; others leave nothing.
    assert np.abs(sums).max() < {"eb": 4, "jmle": 1e-4, "mml": 1.5}[estimator]


def test_rows_lead_back_to_the_ratings_asked_about() -> None:
    # Item 2 has nothing but the highest, so that jmle leaves its rows out.
    item, rater = np.repeat(np.arange(5), 3), np.tile(np.arange(3), 5)
    value = np.array([0, 1, 2, 2, 1, 0, 2, 2, 2, 1, 1, 0, 0, 1, 2])
    facets = [
        Facet.of("item", Codes(item, tuple("abcde")), sign=1),
        Facet.of("rater", Codes(rater, tuple("xyz"))),
    ]
    ratings = Ratings.of(facets, value)
    held = Held.of(fit_rasch(ratings, estimator="jmle"), ratings)
    assert held.rows.tolist() == [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]
    column = Codes(np.arange(15), tuple(range(15)))
    assert held.codes(column).codes.tolist() == held.rows.tolist()
    with pytest.raises(Rejected, match="column"):
        held.codes(Codes(np.arange(4), tuple(range(4))))


def test_other_elements_and_unknown_categories_are_refused() -> None:
    fit, ratings = fitted(CROSSED), made(CROSSED).ratings
    stranger = replace(ratings.facets[0], elements=Codes(ratings.facets[0].elements.codes, tuple(range(99))))
    with pytest.raises(Rejected, match="other elements"):
        Held.of(fit, replace(ratings, facets=(stranger, *ratings.facets[1:])))
    value = ratings.value.copy()
    value[6] = 4
    with pytest.raises(Rejected, match="row 7, field value"):
        Held.of(fit, replace(ratings, value=value, levels=range(5)))
