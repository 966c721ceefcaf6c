from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.groups import Groups
from annotate.stats.table import LongTable


def test_groups_hold_every_row_once_in_order() -> None:
    codes = np.random.default_rng(0).integers(7, size=200)
    groups = Groups.of(codes, 9)
    assert sorted(groups.order.tolist()) == list(range(200))
    for code in range(9):
        assert groups.rows(code).tolist() == np.flatnonzero(codes == code).tolist()
    assert groups.size.tolist() == np.bincount(codes, minlength=9).tolist()


def test_a_view_is_closed_for_writing() -> None:
    groups = Groups.of(np.array([1, 0]), 2)
    with pytest.raises(ValueError, match="read-only"):
        groups.order[0] = 5


def test_a_table_is_seen_by_each_of_its_facets() -> None:
    table = LongTable.from_columns(
        ["s1", "s2", "s1"], ["a", "a", "b"], [1, 2, 2], criterion=["c", "c", "c"], cluster=["t", "t", "t"]
    )
    assert table.by("item").rows(table.item.vocab.index("s1")).tolist() == [0, 2]
    assert table.by("rater").rows(table.rater.vocab.index("a")).tolist() == [0, 1]
    assert table.by("value").size.tolist() == [1, 2]
    assert table.by("cluster").size.tolist() == table.by("criterion").size.tolist() == [3]
    assert LongTable.from_columns([], [], []).by("item").start.tolist() == [0]
    with pytest.raises(Rejected, match="no criteria"):
        LongTable.from_columns([1], [1], [1]).by("criterion")
