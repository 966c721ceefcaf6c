from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.fit import fit_rasch
from tests.annotate.stats.rasch.examples import crossed, drawn


def test_the_deviance_and_the_sum_of_squares() -> None:
    fit = fit_rasch(drawn(seed=31).ratings(), estimator="jmle")
    assert fit.deviance == -2 * fit.log_likelihood
    assert fit.pearson == pytest.approx(fit.squares.standard.sum())
    # The outfits of one facet are means of the same squares.
    raters = fit.facet("rater")
    assert float((raters.outfit * raters.n).sum()) == pytest.approx(fit.pearson)


def test_how_residuals_were_taken_is_said() -> None:
    ratings = drawn(seed=32).ratings()
    kinds = {
        estimator: fit_rasch(ratings, estimator=estimator).fit_kind for estimator in ("eb", "jmle", "mml")
    }
    assert kinds == {"eb": "posterior-averaged", "jmle": "plug-in", "mml": "posterior-averaged"}


def test_a_reason_stands_only_where_one_is_needed() -> None:
    rows = [(0, 1, 1, 0), (1, 1, 0, 0), (1, 0, 1, 0), (0, 1, 0, 1), (1, 1, 0, 1), (1, 1, 1, 1)]
    people = fit_rasch(crossed(rows), estimator="jmle").facet("person")
    assert [people.reason(place) is None for place in range(6)] == [True] * 5 + [False]
    assert people.reason(5) == (
        "every rating is the highest there is, so how far out the measure lies is an assumption"
    )


def test_facets_are_found_by_name() -> None:
    fit = fit_rasch(crossed([[0, 1], [1, 0]]))
    assert fit.facet("item").name == "item"
    with pytest.raises(Rejected):
        fit.facet("rater")


def test_misfit_is_weighed_by_how_many_were_looked_at() -> None:
    facet = fit_rasch(drawn(seed=4, n_raters=8).ratings()).facet("rater")
    some = replace(facet, infit_z=np.array([3.0, -1.0, 2.5, np.nan, 0.0, 0.1, 0.2, 0.3]))
    one, share = some.misfit_chances()
    assert one[0] == pytest.approx(7 * 0.0026998, rel=1e-4)
    assert one[2] == pytest.approx(6 * 0.0124193, rel=1e-4)
    assert share[2] == pytest.approx(7 / 2 * 0.0124193, rel=1e-4)
    assert np.isnan([one[3], share[3]]).all()
    assert one[4] == share[4] == 1
