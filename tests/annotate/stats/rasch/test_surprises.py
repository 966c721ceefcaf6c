"""The most surprising ratings."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.surprises import surprises
from tests.annotate.stats.rasch.scenes import (
    CROSSED,
    ESTIMATORS,
    chances,
    fitted,
    made,
    thresholds_of,
    with_values,
)


def test_z_and_order_by_hand() -> None:
    fit = fitted(CROSSED, "jmle")
    ratings = fit.design.ratings
    chance = chances(fit.design.spread(fit.measures), thresholds_of(fit))
    mean = chance @ np.arange(4)
    z = (ratings.value - mean) / np.sqrt(chance @ np.arange(4) ** 2 - mean**2)
    found = surprises(fit, n=7)
    assert [one.row for one in found] == np.argsort(-np.abs(z), kind="stable")[:7].tolist()
    for one in found:
        assert one.z == pytest.approx(z[one.row])
        assert one.expected == pytest.approx(mean[one.row])
        assert one.elements == tuple(facet.elements.codes[one.row] for facet in ratings.facets)
        assert one.given == one.category == ratings.value[one.row]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_rating_turned_around_is_found(estimator) -> None:
    simulation = made(CROSSED)
    item = int(np.argmax(simulation.truth.items))
    row = int(np.flatnonzero(simulation.ratings.facets[0].elements.codes == item)[4])
    value = simulation.ratings.value.copy()
    value[row] = 0
    fit = fit_rasch(with_values(simulation.ratings, value), estimator=estimator)
    (found,) = (one for one in surprises(fit, n=5) if one.row == row)
    assert found.given == 0
    assert found.z < -2.5


def test_outfit_is_the_mean_square_of_what_is_shown() -> None:
    fit = fitted(CROSSED)
    own = surprises(fit, n=1000, of=("rater", 2))
    assert len(own) == 180
    assert {one.elements[1] for one in own} == {2}
    assert np.mean([one.z**2 for one in own]) == pytest.approx(fit.facet("rater").outfit[2])


def test_what_cannot_be_asked() -> None:
    with pytest.raises(Rejected, match="field n"):
        surprises(fitted(CROSSED), n=0)
    with pytest.raises(Rejected, match="is no rater"):
        surprises(fitted(CROSSED), of=("rater", "nobody"))
