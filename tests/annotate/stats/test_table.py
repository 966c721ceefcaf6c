from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.agreement import krippendorff_alpha
from annotate.stats.table import LongTable, Repeats


def test_columns_become_codes_with_their_vocabulary() -> None:
    table = LongTable.from_columns(["s1", "s2"], ["bob", "eve"], ["good", "bad"], cluster=["t", "t"])
    assert [table.item.vocab[code] for code in table.item.codes] == ["s1", "s2"]
    assert [table.value.vocab[code] for code in table.value.codes] == ["good", "bad"]
    assert table.cluster.codes.tolist() == [0, 0]
    assert not table.ordered
    assert table.scores is None


def test_arrays_and_lists_give_the_same_table() -> None:
    item, rater, value = [3, 1, 3], [7, 7, 8], [0.5, 0.25, 0.5]
    from_lists = LongTable.from_columns(item, rater, value)
    from_arrays = LongTable.from_columns(np.array(item), np.array(rater), np.array(value))
    for table in (from_lists, from_arrays):
        assert [table.item.vocab[code] for code in table.item.codes] == item
        assert [table.value.vocab[code] for code in table.value.codes] == value
        assert table.value.vocab == (0.25, 0.5)


def test_missing_values_are_dropped_and_counted() -> None:
    table = LongTable.from_columns([1, 2, 3, 4, 5], ["a"] * 5, [1.0, None, math.nan, 0, np.float32("nan")])
    assert (len(table), table.n_missing, table.row.tolist()) == (2, 3, [1, 4])
    assert table.value.vocab == (0, 1.0)


@pytest.mark.parametrize(("repeats", "kept_rows"), [("last", [2, 3]), ("first", [1, 2])])
def test_repeats_follow_the_rule(repeats: Repeats, kept_rows: list[int]) -> None:
    table = LongTable.from_columns(["s", "u", "s"], ["a", "a", "a"], [1, 2, 3], repeats=repeats)
    assert table.row.tolist() == kept_rows
    assert table.n_repeated == 1


def test_repeats_are_refused_by_row_when_asked() -> None:
    with pytest.raises(Rejected) as caught:
        LongTable.from_columns(["s", "u", "s"], ["a", "a", "a"], [1, 2, 3], repeats="error")
    assert (caught.value.row, caught.value.field) == (3, "rater")


def test_repeats_can_all_be_kept() -> None:
    columns = (["s", "u", "s"], ["a", "a", "a"], [1, 2, 3])
    table = LongTable.from_columns(*columns, repeats="keep")
    assert table.row.tolist() == [1, 2, 3]
    assert (table.n_repeated, table.has_repeats) == (0, True)
    assert not LongTable.from_columns(*columns).has_repeats
    assert not LongTable.from_columns(["s", "u"], ["a", "a"], [1, 2], repeats="keep").has_repeats


def test_kept_repeats_are_refused_where_raters_are_compared() -> None:
    table = LongTable.from_columns(["s", "s", "s"], ["a", "a", "b"], [1, 2, 2], repeats="keep")
    with pytest.raises(Rejected, match="one label per rater and item"):
        krippendorff_alpha(table)


def test_an_empty_revision_does_not_erase_a_label() -> None:
    table = LongTable.from_columns(["s", "s"], ["a", "a"], ["good", None])
    assert table.row.tolist() == [1]
    assert (table.n_missing, table.n_repeated) == (1, 0)


def test_same_rater_and_item_on_two_criteria_is_no_repeat() -> None:
    table = LongTable.from_columns(["s", "s"], ["a", "a"], [1, 2], criterion=["logic", "style"])
    assert table.n_repeated == 0
    assert table.only("style").row.tolist() == [2]
    assert len(set(table.unit.tolist())) == 2


def test_an_unknown_criterion_is_refused() -> None:
    table = LongTable.from_columns(["s"], ["a"], [1])
    with pytest.raises(Rejected, match="criterion"):
        table.only("logic")


def test_given_levels_keep_their_order_and_unused_members() -> None:
    table = LongTable.from_columns([1, 2], ["a", "a"], ["good", "bad"], levels=["bad", "neutral", "good"])
    assert table.value.vocab == ("bad", "neutral", "good")
    assert table.value.codes.tolist() == [2, 0]
    assert table.ordered


def test_bad_rows_are_named() -> None:
    cases: list[tuple[dict[str, Any], int | None, str]] = [
        ({"value": ["good", "goood"], "levels": ["bad", "good"]}, 2, "value"),
        ({"value": [1.0, math.inf]}, 2, "value"),
        ({"item": ["s", None]}, 2, "item"),
        ({"rater": [math.nan, "a"]}, 1, "rater"),
        ({"item": ["s", ["u"]]}, 2, "item"),
        ({"weight": [1.0, -1.0]}, 2, "weight"),
        ({"weight": [math.nan, 1.0]}, 1, "weight"),
        ({"item": ["s", "s"], "rater": ["a", "b"], "cluster": ["t1", "t2"]}, 2, "cluster"),
        ({"item": ["s"]}, None, "item, rater, value"),
        ({"levels": [1, 2, 1]}, None, "levels"),
    ]
    for change, row, field in cases:
        columns: dict[str, Any] = {"item": ["s", "u"], "rater": ["a", "a"], "value": [1, 2], **change}
        with pytest.raises(Rejected) as caught:
            LongTable.from_columns(**columns)
        assert (caught.value.row, caught.value.field) == (row, field), change


def test_weights_follow_their_rows() -> None:
    table = LongTable.from_columns([1, 1, 2], ["a"] * 3, [1, 2, 3], weight=[0.5, 2.0, 1.0])
    assert table.weight is not None
    assert table.weight.tolist() == [2.0, 1.0]
    with pytest.raises(Rejected, match="no weighted form"):
        table.refuse_weights("alpha")


def test_codes_are_closed_for_writing() -> None:
    table = LongTable.from_columns([1], ["a"], [1])
    with pytest.raises(ValueError, match="read-only"):
        table.value.codes[0] = 3


def test_an_empty_table_is_a_table() -> None:
    assert len(LongTable.from_columns([], [], [])) == 0
