from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray
from annotate.stats.rasch import precision
from annotate.stats.rasch.curvature import Curvature
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.precision import posterior_errors
from annotate.stats.rasch.ratings import Ratings
from tests.annotate.stats.rasch.examples import drawn


def curvature_of(ratings: Ratings) -> Curvature:
    curvature = fit_rasch(ratings).curvature
    assert curvature is not None
    return curvature


def dense_errors(curvature: Curvature) -> FloatArray:
    """Errors from the whole matrix written down, with the random facets held at their sum."""
    design, steps = curvature.design, curvature.steps
    places = np.flatnonzero(curvature.is_free)
    cells = list(zip(*np.nonzero(steps.free), strict=True))
    size = len(places) + len(cells)
    matrix = np.zeros((size, size))
    for column in range(size):
        along, step_along = np.zeros(design.n_elements), np.zeros(steps.sums.shape)
        if column < len(places):
            along[places[column]] = 1.0
        else:
            step_along[cells[column - len(places)]] = 1.0
        out, step_out = curvature.turned(along, step_along)
        matrix[:, column] = np.concatenate([out[places], [step_out[cell] for cell in cells]])
    # What a facet's elements share is carried by the criteria.
    for facet, part in zip(design.ratings.facets, design.slices, strict=True):
        if facet.is_random:
            own = np.isin(places, np.arange(part.start, part.stop))
            mask = np.concatenate([own, np.zeros(len(cells), dtype=bool)])
            matrix[np.ix_(mask, mask)] += 1e6
    errors = np.full(design.n_elements, np.nan)
    errors[places] = np.sqrt(np.diagonal(np.linalg.inv(matrix)))[: len(places)]
    return errors


@pytest.mark.parametrize("thresholds_by", [None, "criterion", "rater"])
def test_exact_errors_are_those_of_the_whole_matrix(thresholds_by: str | None) -> None:
    curvature = curvature_of(drawn(seed=11, n_items=60).ratings(thresholds_by=thresholds_by))
    errors = posterior_errors(curvature, seed=0)
    # Criteria are reported beside the mean of the population that the items are draws of, which adds to their error.
    drawn_ones = curvature.prior.is_drawn
    np.testing.assert_allclose(errors[drawn_ones], dense_errors(curvature)[drawn_ones], rtol=2e-3)
    assert (errors[~drawn_ones] > dense_errors(curvature)[~drawn_ones]).all()


def test_large_designs_get_close_to_the_exact_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    table = drawn(seed=12, n_items=800, n_raters=60, per_item=3)
    curvature = curvature_of(table.ratings())
    exact = posterior_errors(curvature, seed=0)
    monkeypatch.setattr(precision, "_EXACT_SIZE", 0)
    close = posterior_errors(curvature, seed=0)
    ratio = close / exact
    assert ratio[:800].mean() == pytest.approx(1, abs=0.02)
    assert ratio[800:860].mean() == pytest.approx(1, abs=0.03)
    assert ratio[800:860].std() < 0.05
    again = posterior_errors(curvature, seed=0)
    np.testing.assert_array_equal(close, again)


def test_errors_are_missing_where_nothing_was_estimated() -> None:
    ratings = drawn(seed=13).ratings(anchors={"rater": {0: 0.1}})
    errors = posterior_errors(curvature_of(ratings), seed=0)
    assert np.isnan(errors[40])
    assert np.isfinite(np.delete(errors, 40)).all()
