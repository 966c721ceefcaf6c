from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.icc import FORMS, intraclass_correlations
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import table_from_matrix

# Shrout & Fleiss (1979), table 2: four judges, six targets.
JUDGES = ((9, 6, 8, 7, 10, 6), (2, 1, 4, 1, 5, 2), (5, 3, 6, 2, 6, 4), (8, 2, 8, 6, 9, 7))


def test_published_values_f_and_intervals() -> None:
    # Values and intervals to eight digits: ICC of the R package psych 2.4 on the same table.
    found = intraclass_correlations(table_from_matrix(JUDGES))
    values = [0.1657418, 0.2897638, 0.7148407, 0.4427971, 0.6200505, 0.9093155]
    assert [found[form].value for form in FORMS] == pytest.approx(values, abs=5.1e-8)
    assert found["ICC1"].f == pytest.approx(1.794678, abs=5.1e-7)
    assert (found["ICC1"].df1, found["ICC1"].df2) == (5, 18)
    assert found["ICC3"].f == found["ICC2k"].f == pytest.approx(11.027248, abs=5.1e-7)
    assert (found["ICC3"].df1, found["ICC3"].df2) == (5, 15)
    assert (found["ICC2"].low, found["ICC2"].high) == pytest.approx((0.01878651, 0.7610844), abs=5.1e-8)
    assert (found["ICC3"].low, found["ICC3"].high) == pytest.approx((0.34246477, 0.9458583), abs=5.1e-8)


def test_intervals_hold_what_they_say() -> None:
    rng = np.random.default_rng(0)
    held = {"ICC2": 0, "ICC3": 0}
    true = {"ICC2": 0.5, "ICC3": 1 / 1.75}
    for _ in range(150):
        items, raters = rng.normal(size=(30, 1)), rng.normal(size=(8, 1)).T * 0.5
        scores = items + raters + rng.normal(size=(30, 8)) * np.sqrt(0.75)
        found = intraclass_correlations(table_from_matrix(scores.T.tolist()))
        for form in ("ICC2", "ICC3"):
            held[form] += found[form].low <= true[form] <= found[form].high  # type: ignore[operator]
    assert 0.9 <= held["ICC2"] / 150 <= 0.99
    assert 0.9 <= held["ICC3"] / 150 <= 0.99


def test_shift_and_stretch_of_the_scale_do_not_matter() -> None:
    moved = [[3 * value + 1000 for value in row] for row in JUDGES]
    plain, other = (intraclass_correlations(table_from_matrix(one)) for one in (JUDGES, moved))
    for form in FORMS:
        assert other[form].value == pytest.approx(plain[form].value)
        assert other[form].high == pytest.approx(plain[form].high)


def test_strictness_counts_for_icc2_and_not_for_icc3() -> None:
    found = intraclass_correlations(table_from_matrix([[1, 2, 3, 4], [3, 4, 5, 6]]))
    assert found["ICC3"].value == pytest.approx(1)
    assert (found["ICC3"].low, found["ICC3"].high, found["ICC3"].f) == (1, 1, None)
    assert found["ICC2"].value == pytest.approx(5 / 11)


def test_full_agreement_is_one_in_every_form() -> None:
    for result in intraclass_correlations(table_from_matrix([[1, 2, 4], [1, 2, 4]])).values():
        assert (result.value, result.low, result.high, result.p) == (1, 1, 1, None)


def test_icc1_needs_as_many_labels_but_not_the_same_raters() -> None:
    table = LongTable.from_columns([1, 1, 2, 2, 3, 3], ["a", "b", "c", "d", "a", "d"], [1, 2, 5, 5, 3, 4])
    found = intraclass_correlations(table)
    assert found["ICC1"].value is not None
    assert (found["ICC2"].value, found["ICC3k"].value) == (None, None)
    assert found["ICC3"].reason == "4 raters share the items: each must have labelled every item"


def test_incomplete_or_constant_data_leave_it_open() -> None:
    lacking = intraclass_correlations(table_from_matrix([[1, 2, 3], [1, None, 3]]))
    assert {one.value for one in lacking.values()} == {None}
    assert lacking["ICC1"].reason == "item 1 has not as many labels as the first: complete data are needed"
    constant = intraclass_correlations(table_from_matrix([[2, 2, 2], [2, 2, 2]]))
    assert "without variation" in (constant["ICC2"].reason or "")
    no_items = intraclass_correlations(table_from_matrix([[1], [2]]))
    assert "two items or more" in (no_items["ICC1"].reason or "")
    empty = intraclass_correlations(LongTable.from_columns([], [], []))
    assert empty["ICC1"].reason == "there are no labels"


def test_words_are_no_numbers() -> None:
    table = LongTable.from_columns([1, 1], ["a", "b"], ["x", "y"], levels=["x", "y"])
    with pytest.raises(Rejected, match="field value: an intraclass correlation needs numbers"):
        intraclass_correlations(table)
