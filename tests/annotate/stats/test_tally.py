from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.table import LongTable
from annotate.stats.tally import Tally
from annotate.stats.weighting import agreement_weights


def a_table() -> LongTable:
    return LongTable.from_columns(
        item=["s1", "s1", "s1", "s2", "s3", "s3"],
        rater=["a", "b", "c", "a", "a", "b"],
        value=[1, 1, 3, 2, 2, 2],
        cluster=["t1", "t1", "t1", "t1", "t2", "t2"],
    )


def test_cells_sizes_and_homes() -> None:
    tally = Tally.of(a_table())
    assert list(zip(tally.unit.tolist(), tally.level.tolist(), tally.count.tolist(), strict=True)) == [
        (0, 0, 2),
        (0, 2, 1),
        (1, 1, 1),
        (2, 1, 2),
    ]
    assert (tally.size.tolist(), tally.home.tolist()) == ([3, 1, 2], [0, 0, 1])
    assert (tally.n_units, tally.n_levels, tally.n_clusters, tally.n_raters) == (3, 3, 2, 3)
    assert tally.prevalence().tolist() == pytest.approx([2 / 6, 3 / 6, 1 / 6])


def test_credit_of_a_unit_is_that_of_its_pairs() -> None:
    table = a_table()
    tally = Tally.of(table)
    assert tally.agreement(np.eye(3)).tolist() == pytest.approx([1 / 3, 0, 1])
    # The pairs of s1 are (1, 1), (1, 3), (1, 3): credit 1, 0, 0 with linear weights over 1..3.
    assert tally.agreement(agreement_weights(table, "linear")).tolist() == pytest.approx([1 / 3, 0, 1])
    credit = np.array([[1, 0.8, 0.4], [0.8, 1, 0.8], [0.4, 0.8, 1]])
    assert tally.agreement(credit).tolist() == pytest.approx([(1 + 0.4 + 0.4) / 3, 0, 1])


def test_shares_count_each_unit_once() -> None:
    shares = Tally.of(a_table()).shares().totals(np.eye(2))
    np.testing.assert_allclose(shares, [[2 / 3, 1, 1 / 3], [0, 1, 0]])
    assert Tally.of(a_table()).mean_of(np.array([1.0, 2.0, 4.0])).tolist() == [2, 2, 2]


def test_two_raters_on_every_item_are_a_cross_table() -> None:
    assert not Tally.of(a_table()).is_cross_table
    assert Tally.of(LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, [1, 2, 1, 1])).is_cross_table


def test_an_empty_table_has_nothing_to_tally() -> None:
    tally = Tally.of(LongTable.from_columns([], [], []))
    assert (tally.n_units, tally.n_raters, tally.n_clusters, len(tally.count)) == (0, 0, 0, 0)
