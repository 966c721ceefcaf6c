from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.cross_table import CrossTable
from annotate.stats.table import LongTable


def a_table() -> LongTable:
    return LongTable.from_columns(
        item=["s3", "s1", "s1", "s2", "s2", "s3", "s4"],
        rater=["b", "a", "b", "b", "a", "a", "a"],
        value=["x", "x", "y", "y", "y", "x", "y"],
        cluster=["t2", "t1", "t1", "t1", "t1", "t2", "t2"],
    )


def test_only_shared_items_are_set_side_by_side() -> None:
    cross = CrossTable.of(a_table(), ("a", "b"))
    assert cross.counts.tolist() == [[1, 1], [0, 1]]
    assert (cross.n, len(cross.both)) == (3, 6)
    assert CrossTable.of(a_table(), ("b", "a")).counts.tolist() == [[1, 0], [1, 1]]


def test_each_trace_keeps_its_part() -> None:
    cross = CrossTable.of(a_table(), ("a", "b"))
    np.testing.assert_array_equal(cross.sums.totals(np.eye(2)), [[1, 0, 0, 0], [0, 1, 0, 1]])


def test_whom_to_compare_must_be_clear() -> None:
    three = LongTable.from_columns([1, 1, 1], ["a", "b", "c"], [1, 2, 1])
    with pytest.raises(Rejected, match="the table has 3: name two"):
        CrossTable.of(three)
    assert CrossTable.of(three, ("c", "a")).counts.tolist() == [[1, 0], [0, 0]]
    with pytest.raises(Rejected, match="no label is by 'eve'"):
        CrossTable.of(three, ("a", "eve"))
    with pytest.raises(Rejected, match="with themselves"):
        CrossTable.of(three, ("a", "a"))


def test_the_same_question_is_compared_with_itself_only() -> None:
    table = LongTable.from_columns(
        [1, 1, 1, 1], ["a", "a", "b", "b"], [0, 1, 1, 1], criterion=["p", "q", "p", "q"]
    )
    assert CrossTable.of(table).counts.tolist() == [[0, 1], [0, 1]]
