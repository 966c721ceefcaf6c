from __future__ import annotations

import pytest

from annotate.stats.brennan import brennan_prediger
from tests.annotate.stats.tables import table_from_counts


def test_chance_depends_on_the_number_of_levels_alone() -> None:
    for counts in ([[5, 0, 1], [0, 2, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 3], [0, 0, 9]]):
        assert brennan_prediger(table_from_counts(counts), resamples=0).chance == pytest.approx(1 / 3)


def test_weights_raise_chance_to_their_mean() -> None:
    result = brennan_prediger(table_from_counts([[2, 1, 0], [0, 2, 0], [0, 0, 2]]), "linear", resamples=0)
    assert result.chance == pytest.approx((3 + 4 * 0.5) / 9)
    assert result.agreement == pytest.approx((6 + 0.5) / 7)
