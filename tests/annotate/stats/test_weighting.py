from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.table import LongTable
from annotate.stats.weighting import Weighting, agreement_weights


def table_with(*levels: object) -> LongTable:
    return LongTable.from_columns([1], ["a"], [levels[0]], levels=levels)


@pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic", "ordinal"])
def test_credit_is_full_on_the_diagonal_symmetric_and_falls_with_distance(weighting: Weighting) -> None:
    weights = agreement_weights(table_with("a", "b", "c", "d"), weighting)
    np.testing.assert_array_equal(np.diag(weights), 1)
    np.testing.assert_array_equal(weights, weights.T)
    assert (np.diff(weights[0]) <= 0).all()
    assert weights[0, -1] == 0


def test_ordinal_credit_counts_pairs_of_levels() -> None:
    # Gwet (2014), table 3.8 for four levels: 1, 5/6, 1/2, 0.
    weights = agreement_weights(table_with("a", "b", "c", "d"), "ordinal")
    assert weights[0].tolist() == pytest.approx([1, 5 / 6, 1 / 2, 0])


def test_numbers_with_gaps_may_count_as_numbers_or_as_places() -> None:
    table = table_with(0, 1, 4)
    assert agreement_weights(table, "linear")[1].tolist() == [0.5, 1, 0.5]
    assert agreement_weights(table, "linear", "numbers")[1].tolist() == [0.75, 1, 0.25]
    assert agreement_weights(table, "quadratic", "numbers")[1].tolist() == [1 - 1 / 16, 1, 1 - 9 / 16]


def test_weights_need_an_order() -> None:
    unordered = LongTable.from_columns([1, 2], ["a", "a"], ["x", "y"])
    np.testing.assert_array_equal(agreement_weights(unordered, "identity"), np.eye(2))
    with pytest.raises(Rejected, match="field levels: linear weights need"):
        agreement_weights(unordered, "linear")
    with pytest.raises(Rejected, match="not numbers"):
        agreement_weights(table_with("low", "high"), "linear", "numbers")
