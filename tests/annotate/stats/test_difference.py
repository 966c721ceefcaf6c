from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.difference import Metric, difference, expected_disagreement, positions, scale_of
from annotate.stats.table import LongTable

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")


@pytest.mark.parametrize("metric", METRICS)
def test_expected_disagreement_is_the_sum_over_pairs_of_levels(metric: Metric) -> None:
    rng = np.random.default_rng(5)
    scale = np.sort(rng.random(300))  # more levels than one block of the ratio sum
    margins = rng.integers(4, size=(2, 300)).astype(float)
    place = positions(metric, scale, margins)
    low, high = np.triu_indices(300, k=1)
    apart = difference(metric, place, low, high)
    by_pairs = (margins[:, low] * margins[:, high] * apart).sum(axis=1)
    np.testing.assert_allclose(expected_disagreement(metric, place, margins), by_pairs, rtol=1e-10)


def test_ordinal_distance_counts_the_labels_between() -> None:
    margins = np.array([[4.0, 10.0, 6.0]])
    place = positions("ordinal", np.arange(3.0), margins)
    apart = difference("ordinal", place, np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert apart.tolist() == [[49.0, 225.0, 64.0]]


def test_two_zeros_on_the_ratio_scale_do_not_differ() -> None:
    margins = np.array([[3.0, 2.0]])
    assert expected_disagreement("ratio", np.array([[0.0, 1.0]]), margins).tolist() == [6.0]


def test_values_the_metric_cannot_place_are_refused() -> None:
    words = LongTable.from_columns([1, 1], ["a", "b"], ["x", "y"])
    negative = LongTable.from_columns([1, 1], ["a", "b"], [2, -1])
    ordered = LongTable.from_columns([1, 1], ["a", "b"], ["x", "y"], levels=["y", "x"])
    with pytest.raises(Rejected, match="order"):
        scale_of(words, "ordinal")
    with pytest.raises(Rejected, match="numbers"):
        scale_of(ordered, "interval")
    with pytest.raises(Rejected) as caught:
        scale_of(negative, "ratio")
    assert caught.value.row == 2
    assert scale_of(ordered, "ordinal").tolist() == [0, 1]


def test_interval_scale_keeps_its_digits_far_from_zero() -> None:
    table = LongTable.from_columns([1, 1, 2], ["a", "b", "a"], [1e9, 1e9 + 1, 1e9 + 4])
    assert scale_of(table, "interval").tolist() == [0, 0.25, 1]
