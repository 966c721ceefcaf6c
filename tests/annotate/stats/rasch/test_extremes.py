from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.extremes import find_extremes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.moments import expected_of
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import RaschFit
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import crossed, drawn, three_facets

ROWS = ((0, 1, 1, 0), (1, 1, 0, 0), (1, 0, 1, 0), (0, 1, 0, 1), (1, 1, 0, 1))


def expected_score(fit: RaschFit, ratings: Ratings, name: str, place: int) -> float:
    own = ratings.where(ratings.facet(name).elements.codes == place)
    at = np.concatenate([facet.measure for facet in fit.facets])
    mean, _, _ = expected_of(own, Design.of(own).spread(at), fit.steps, slice(None))
    return float(mean.sum())


def test_a_perfect_score_is_moved_inwards_by_a_third_of_a_point(path: str) -> None:
    ratings = crossed([*ROWS, (1, 1, 1, 1), (0, 0, 0, 0)])
    fit = fit_rasch(ratings, estimator="jmle")
    people = fit.facet("person")
    assert people.extreme.tolist() == [0, 0, 0, 0, 0, 1, -1]
    assert expected_score(fit, ratings, "person", 5) == pytest.approx(3.7, abs=1e-6)
    assert expected_score(fit, ratings, "person", 6) == pytest.approx(0.3, abs=1e-6)
    assert people.measure[6] < people.measure[:5].min() < people.measure[:5].max() < people.measure[5]
    half = fit_rasch(ratings, estimator="jmle", adjustment=0.5)
    assert expected_score(half, ratings, "person", 5) == pytest.approx(3.5, abs=1e-6)
    assert people.separation is not None
    assert people.separation.n == 5


def test_extremes_are_set_aside_in_rounds(path: str) -> None:
    # Without the last row the last column is all 1, and goes in the second round.
    ratings = crossed([(0, 1, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1), (1, 0, 0, 1), (0, 0, 0, 0)])
    found = find_extremes(Design.of(ratings), Steps.of(ratings))
    assert found.direction.tolist() == [0, 0, 0, 0, 0, -1, 0, 0, 0, 1]
    assert found.round[[5, 9]].tolist() == [0, 1]
    fit = fit_rasch(ratings, estimator="jmle")
    assert fit.converged
    assert np.isfinite(fit.facet("item").measure).all()
    assert np.isfinite(fit.facet("item").se).all()


def test_an_element_becomes_extreme_when_a_category_goes(path: str) -> None:
    # A 2 was given to the first item only; once that is aside, 1 is the highest, and all that the second got.
    ratings = crossed([(2, 1, 0, 1), (2, 1, 1, 0), (2, 1, 0, 0), (2, 1, 1, 1), (2, 1, 0, 1), (2, 1, 1, 0)])
    fit = fit_rasch(ratings, estimator="jmle")
    assert fit.converged
    assert fit.facet("item").extreme.tolist() == [1, 1, 0, 0]
    assert np.abs(fit.facet("item").measure).max() < 6


def test_anchored_elements_are_never_set_aside() -> None:
    table = drawn(seed=3)
    value = np.where(table.rater == 0, 3, table.value)
    free = fit_rasch(three_facets(table.item, table.rater, table.criterion, value), estimator="jmle")
    held = fit_rasch(
        three_facets(table.item, table.rater, table.criterion, value, anchors={"rater": {0: -1.5}}),
        estimator="jmle",
    )
    assert free.facet("rater").extreme[0] == 1
    assert held.facet("rater").extreme[0] == 0
    assert held.facet("rater").measure[0] == -1.5
    # All ratings are above what is expected at -1.5, so it would be more lenient still.
    assert held.facet("rater").displacement[0] < 0


def test_when_everything_is_extreme_nothing_is_said() -> None:
    with pytest.raises(NotEstimable, match="nothing but the lowest or the highest"):
        fit_rasch(crossed([(1, 0), (1, 0), (1, 0)]), estimator="jmle")


def test_who_met_only_extremes_has_no_measure() -> None:
    rows = [*((*row, None) for row in ROWS), (0, 0, 0, 0, 0)]
    fit = fit_rasch(crossed(rows), estimator="jmle")
    items = fit.facet("item")
    # The last item was answered by the last person alone: two unknowns and one answer.
    assert np.isnan(items.measure[4])
    assert items.reason(4) == "nothing in its ratings decides where it is"
    assert items.reason(0) is None


def test_elements_without_a_rating_have_no_measure() -> None:
    table = drawn(seed=4)
    kept = table.ratings().where(table.rater != 2)
    for estimator in ("eb", "jmle", "mml"):
        raters = fit_rasch(kept, estimator=estimator).facet("rater")
        assert np.isnan(raters.measure[2])
        assert np.isnan(raters.se[2])
        assert raters.reason(2) == "has no rating"
        assert raters.n[2] == 0
        others = np.arange(6) != 2
        assert np.isfinite(raters.measure[others]).all()
        assert raters.measure[others].mean() == pytest.approx(0, abs=1e-8)
