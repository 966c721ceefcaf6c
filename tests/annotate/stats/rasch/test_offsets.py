"""Offsets of cells: their equation, extremes, and how much the measures have swallowed."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.held import Held
from annotate.stats.rasch.offsets import Cells
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, chances, fitted, thresholds_of


def cells_by_rater_and_criterion(fit) -> Cells:
    held = Held.of(fit)
    rater, criterion = (held.ratings.facets[place].elements.codes for place in (1, 2))
    return Cells.of(held, rater * 3 + criterion, 15)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_at_the_offset_nothing_is_left_over(estimator) -> None:
    cells = cells_by_rater_and_criterion(fitted(CROSSED, estimator))
    offset, information = cells.solved()
    left, bend = cells.derivatives(offset)
    assert np.abs(left).max() < 1e-6
    assert information == pytest.approx(bend, rel=1e-6)


def test_expected_is_without_an_offset() -> None:
    fit = fitted(CROSSED, "jmle")
    cells = cells_by_rater_and_criterion(fit)
    mean = chances(cells.held.eta, thresholds_of(fit)) @ np.arange(4)
    assert cells.expected == pytest.approx(np.bincount(cells.cell, mean))
    assert (cells.low == 0).all()
    assert cells.high == pytest.approx(3 * cells.n)


def test_extreme_cells_are_moved_inwards() -> None:
    fit = fitted(CROSSED, "jmle")
    held = Held.of(fit)
    cell = held.ratings.value // 3  # every 3 in a cell of its own
    cells = Cells.of(held, cell, 2)
    assert cells.extreme.tolist() == [0, 1]
    assert np.isnan(cells.solved()[0][1])
    offset, _ = cells.solved(adjustment=0.5)
    chance = chances(held.eta[cell == 1] + offset[1], thresholds_of(fit))
    assert (chance @ np.arange(4)).sum() == pytest.approx(3 * cells.n[1] - 0.5, abs=1e-6)


def test_a_prior_pulls_towards_nothing() -> None:
    cells = cells_by_rater_and_criterion(fitted(CROSSED))
    free, _ = cells.solved()
    bound, _ = cells.solved(precision=np.full(15, 20.0))
    assert (np.abs(bound) < np.abs(free)).all()
    score, _ = cells.derivatives(bound)
    assert score == pytest.approx(20.0 * bound, abs=1e-6)


def test_crossed_cells_keep_the_degrees_of_freedom_of_an_interaction() -> None:
    cells = cells_by_rater_and_criterion(fitted(CROSSED, "jmle"))
    only_items = cells.resolved(but=("rater", "criterion"))
    # 5 raters, 3 criteria; an item has 15 ratings, of which one is in a cell.
    assert only_items == pytest.approx(np.full(15, 1 - 1 / 15), abs=0.01)
    assert cells.resolved() / only_items == pytest.approx(np.full(15, (1 - 1 / 5) * (1 - 1 / 3)), abs=0.1)


def test_a_cell_that_is_all_there_is_of_an_element_shows_nothing() -> None:
    held = Held.of(fitted(CROSSED, "jmle"))
    rater = held.ratings.facets[1].elements.codes
    assert Cells.of(held, rater, 5).resolved() == pytest.approx(np.zeros(5), abs=1e-6)
    assert Cells.of(held, rater, 5).resolved(but=["rater", "item", "criterion"]).tolist() == [1.0] * 5
