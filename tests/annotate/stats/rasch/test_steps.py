from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import three_facets


def steps_of(value: list[int], criterion: list[str] | None = None, **more: object) -> Steps:
    n = len(value)
    return Steps.of(three_facets(range(n), [0] * n, criterion or ["k"] * n, value, **more))  # type: ignore[arg-type]


def test_equal_counts_begin_with_equal_thresholds() -> None:
    steps = steps_of([0, 1, 2, 3])
    np.testing.assert_array_equal(steps.sums, [[0, 0, 0, 0]])
    np.testing.assert_array_equal(steps.free, [[False, True, True, False]])
    assert [threshold for *_, threshold in steps.thresholds(0)] == [0, 0, 0]


def test_thresholds_add_up_to_zero_whatever_the_sums() -> None:
    steps = steps_of([0, 1, 2, 3]).with_sums(np.array([[9.0, -2.0, 1.0, 9.0]]))
    assert steps.thresholds(0) == [(0, 1, -2.0), (1, 2, 3.0), (2, 3, -1.0)]


def test_a_category_nobody_gave_has_no_chance_and_its_thresholds_are_one() -> None:
    steps = steps_of([0, 1, 1, 4])
    np.testing.assert_array_equal(steps.used, [[True, True, False, False, True]])
    assert np.isposinf(steps.sums[0, [2, 3]]).all()
    (_, _, first), (lower, upper, second) = steps.thresholds(0)
    assert (lower, upper) == (1, 4)
    assert first == pytest.approx(-3 * second)


def test_every_scale_has_its_own_ends() -> None:
    ratings = ([0, 1, 2, 1, 2, 2], ["k", "k", "k", "m", "m", "m"])
    steps = steps_of(*ratings, thresholds_by="criterion")
    np.testing.assert_array_equal(steps.used, [[True, True, True], [False, True, True]])
    np.testing.assert_array_equal(steps.free, [[False, True, False], [False, False, False]])


def test_known_thresholds_stay_as_they_are() -> None:
    steps = steps_of([0, 0, 1, 3], thresholds={"all": [-1.0, 0.5, 2.0]})
    assert [threshold for *_, threshold in steps.thresholds(0)] == pytest.approx([-1.0, 0.5, 2.0])
    assert not steps.free.any()
    assert steps.used.all()
    np.testing.assert_array_equal(steps.moved(np.ones((1, 4))).sums, steps.sums)


def test_counts_and_ratings_without_weight_are_no_use_of_a_category() -> None:
    steps = steps_of([0, 1, 2, 3], weight=[1, 1, 1, 0], trials=[0, 0, 5, 0])
    np.testing.assert_array_equal(steps.counts, [[1, 1, 0, 0]])
