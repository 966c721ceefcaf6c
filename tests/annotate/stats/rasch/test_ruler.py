"""The Wright map as data."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ruler import ruler
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, fitted, made, with_values


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_everything_lies_on_the_axis_and_in_a_bin(estimator) -> None:
    fit = fitted(CROSSED, estimator)
    found = ruler(fit)
    for row, facet in zip(found.rows, fit.facets, strict=True):
        assert row.elements == facet.elements
        assert row.measure == pytest.approx(facet.measure)
        assert row.high - row.low == pytest.approx(2 * 1.96 * facet.se)
        assert row.counts.sum() == len(facet.elements)
        assert found.low < row.measure.min() <= row.measure.max() < found.high
    assert [row.sign for row in found.rows] == [1, -1, -1]
    assert len(found.thresholds) == 3
    assert np.diff(found.edges) == pytest.approx(np.full(len(found.edges) - 1, 0.25))
    assert found.ticks.tolist() == list(range(int(np.ceil(found.low)), int(found.high) + 1))


def test_extremes_are_marked_and_elements_without_a_measure_left_out() -> None:
    simulation = made(CROSSED)
    item = simulation.ratings.facets[0].elements.codes
    top = with_values(simulation.ratings, np.where(item == 7, 3, simulation.ratings.value))
    row = ruler(fit_rasch(top, estimator="jmle")).rows[0]
    assert bool(row.is_extreme[row.elements.index(7)])
    gone = simulation.ratings.where(item != 9)
    assert 9 not in ruler(fit_rasch(gone)).rows[0].elements


@pytest.mark.parametrize("width", [0.0, -1.0, 0.001, float("nan")])
def test_widths_that_make_no_bins(width: float) -> None:
    with pytest.raises(Rejected, match="width"):
        ruler(fitted(CROSSED), width=width)
