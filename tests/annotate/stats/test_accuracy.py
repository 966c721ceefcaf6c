from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.stats.accuracy import accuracy_against, wilson_interval
from annotate.stats.table import LongTable

TABLE = LongTable.from_columns(
    item=[1, 2, 3, 1, 2, 9],
    rater=["bob", "bob", "bob", "eve", "eve", "new"],
    value=["good", "bad", "good", "bad", "bad", "good"],
)


def test_each_rater_is_counted_on_known_items_only() -> None:
    report = accuracy_against(TABLE, {1: "good", 2: "bad", 3: None, 77: "good"})
    assert (report["bob"].k, report["bob"].n, report["bob"].accuracy) == (2, 2, 1.0)
    assert (report["eve"].k, report["eve"].n, report["eve"].accuracy) == (1, 2, 0.5)
    assert report["eve"].confusion == {("good", "bad"): 1, ("bad", "bad"): 1}
    assert (report["eve"].low, report["eve"].high) == wilson_interval(1, 2)


def test_a_rater_without_overlap_is_unmeasured_rather_than_wrong() -> None:
    new = accuracy_against(TABLE, {1: "good"})["new"]
    assert (new.n, new.accuracy, new.low, new.high, new.confusion) == (0, None, None, None, {})
    assert new.reason == "has labelled no item whose answer is known"


def test_a_gold_value_nobody_gave_counts_as_missed() -> None:
    bob = accuracy_against(TABLE, {1: "neutral"})["bob"]
    assert (bob.k, bob.n, bob.confusion) == (0, 1, {("neutral", "good"): 1})


def test_gold_per_criterion() -> None:
    table = LongTable.from_columns([1, 1], ["bob", "bob"], [5, 3], criterion=["logic", "style"])
    report = accuracy_against(table, {(1, "logic"): 5, (1, "style"): 4})
    assert (report["bob"].k, report["bob"].n) == (1, 2)
    assert report["bob"].confusion == {(5, 5): 1, (4, 3): 1}


def test_an_empty_table_has_no_raters() -> None:
    assert accuracy_against(LongTable.from_columns([], [], []), {1: "good"}) == {}


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe, R. G. (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_matches_newcombe(k: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(k, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_mirrors_and_stays_inside() -> None:
    low, high = wilson_interval(3, 10)
    assert wilson_interval(7, 10) == pytest.approx((1 - high, 1 - low))
    assert wilson_interval(10, 10)[1] == 1.0


@pytest.mark.parametrize(("k", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(Rejected):
        wilson_interval(k, n)
