from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.design import Design
from annotate.stats.rasch.moments import expected_of
from annotate.stats.rasch.steps import Steps
from annotate.stats.rasch.threshold_errors import threshold_errors
from tests.annotate.stats.rasch.examples import drawn, three_facets


def test_errors_are_those_of_taking_each_step_or_not() -> None:
    ratings = drawn(seed=7).ratings()
    design, steps = Design.of(ratings), Steps.of(ratings)
    measures = np.random.default_rng(0).normal(size=design.n_elements)
    found = threshold_errors(design, measures, steps)
    _, _, chance = expected_of(ratings, design.spread(measures), steps, slice(None))
    above = chance[:, 2:].sum(axis=1)
    assert found[0, 2] == pytest.approx(1 / np.sqrt((above * (1 - above)).sum()))
    assert np.isnan(found[0, 0])


def test_twice_the_ratings_are_half_the_variance_and_counts_say_nothing() -> None:
    rows = ([0, 1, 2, 3], [0] * 4, [0] * 4, [0, 1, 2, 1])
    once = three_facets(*rows)
    twice = three_facets(*rows, weight=[2.0] * 4)
    measures = np.zeros(Design.of(once).n_elements)
    left = threshold_errors(Design.of(once), measures, Steps.of(once))
    right = threshold_errors(Design.of(twice), measures, Steps.of(twice))
    np.testing.assert_allclose(left, np.sqrt(2) * right)
    more = three_facets([*rows[0], 4], [*rows[1], 0], [*rows[2], 0], [*rows[3], 2], trials=[0, 0, 0, 0, 5])
    with_counts = threshold_errors(Design.of(more), np.zeros(7), Steps.of(more))
    np.testing.assert_allclose(left, with_counts)
