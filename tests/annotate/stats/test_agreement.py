from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.stats.agreement import krippendorff_alpha, percent_agreement
from annotate.stats.difference import Metric
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import (
    CANONICAL,
    Label,
    alpha_by_definition,
    interval_difference,
    nominal_difference,
    ordinal_difference,
    ratio_difference,
    table_from_labels,
    table_from_matrix,
)

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
DIFFERENCES: dict[Metric, Callable[[float, float, Sequence[float]], float]] = {
    "nominal": nominal_difference,
    "ordinal": ordinal_difference,
    "interval": interval_difference,
    "ratio": ratio_difference,
}


def label_lists() -> st.SearchStrategy[list[Label]]:
    """Up to 30 labels on 6 items by 5 raters, no rater twice on one item."""
    label = st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 4).map(float))
    return st.lists(label, max_size=30, unique_by=lambda row: row[:2])


def alpha(labels: Sequence[Label], metric: Metric) -> float | None:
    return krippendorff_alpha(table_from_labels(labels), metric, resamples=0).value if labels else None


def same(left: float | None, right: float | None) -> bool:
    return left == pytest.approx(right, abs=1e-9) if left is not None else right is None


@pytest.mark.parametrize(
    ("metric", "value"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_canonical_data_give_the_published_alpha(metric: Metric, value: float) -> None:
    result = krippendorff_alpha(table_from_matrix(CANONICAL), metric, resamples=0)
    assert result.value == pytest.approx(value, abs=5e-7)
    assert (result.n_items, result.n_raters, result.n_labels, result.n_unpaired) == (11, 4, 40, 1)


@given(label_lists(), st.sampled_from(METRICS))
@settings(max_examples=150, deadline=None)
def test_alpha_is_its_definition(labels: list[Label], metric: Metric) -> None:
    assert same(alpha(labels, metric), alpha_by_definition(labels, DIFFERENCES[metric]))


@given(label_lists(), st.sampled_from(METRICS), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_of_rows_and_names_of_raters_do_not_matter(
    labels: list[Label], metric: Metric, random: Random
) -> None:
    shuffled = [(item, 100 - 7 * rater, value) for item, rater, value in labels]
    random.shuffle(shuffled)
    assert same(alpha(shuffled, metric), alpha(labels, metric))


@given(label_lists(), st.permutations(range(5)))
@settings(max_examples=40, deadline=None)
def test_nominal_alpha_ignores_what_the_categories_are_called(labels: list[Label], codes: list[int]) -> None:
    renamed = [(item, rater, float(codes[int(value)])) for item, rater, value in labels]
    assert same(alpha(renamed, "nominal"), alpha(labels, "nominal"))


@given(label_lists())
@settings(max_examples=40, deadline=None)
def test_each_metric_ignores_what_its_scale_leaves_open(labels: list[Label]) -> None:
    bent = [(item, rater, value**3 + 1) for item, rater, value in labels]
    moved = [(item, rater, 40 - 2.5 * value) for item, rater, value in labels]
    stretched = [(item, rater, 3 * value) for item, rater, value in labels]
    assert same(alpha(bent, "ordinal"), alpha(labels, "ordinal"))
    assert same(alpha(moved, "interval"), alpha(labels, "interval"))
    assert same(alpha(stretched, "ratio"), alpha(labels, "ratio"))


@given(label_lists(), st.sampled_from(METRICS))
@settings(max_examples=40, deadline=None)
def test_every_item_twice_changes_only_the_small_sample_term(labels: list[Label], metric: Metric) -> None:
    # Doubling leaves observed and, per pair of labels, expected disagreement: only n - 1 becomes 2n - 1.
    doubled = labels + [(item + 50, rater, value) for item, rater, value in labels]
    once, twice = alpha(labels, metric), alpha(doubled, metric)
    if once is None:
        assert twice is None
    else:
        n = krippendorff_alpha(table_from_labels(labels), resamples=0).n_labels
        assert twice is not None
        assert 1 - twice == pytest.approx((1 - once) * (2 * n - 1) / (2 * (n - 1)), abs=1e-9)


def test_items_with_one_label_change_nothing() -> None:
    labels: list[Label] = [(1, 1, 0.0), (1, 2, 1.0), (2, 1, 1.0), (2, 2, 1.0)]
    assert alpha([*labels, (3, 1, 7.0)], "interval") == alpha(labels, "interval")


def test_given_levels_order_words() -> None:
    words = ["bad", "neutral", "good"]
    numbers = [0, 2, 1, 1, 2, 2, 0, 1]
    item, rater = [1, 1, 2, 2, 3, 3, 4, 4], ["a", "b"] * 4
    by_number = LongTable.from_columns(item, rater, numbers)
    by_word = LongTable.from_columns(item, rater, [words[number] for number in numbers], levels=words)
    assert (
        krippendorff_alpha(by_word, "ordinal", resamples=0).value
        == krippendorff_alpha(by_number, "ordinal", resamples=0).value
    )


def test_without_two_labels_on_an_item_nothing_is_claimed() -> None:
    for table in (LongTable.from_columns([], [], []), LongTable.from_columns([1, 2], ["a", "b"], [1, 2])):
        for result in (krippendorff_alpha(table), percent_agreement(table)):
            assert (result.value, result.percent, result.low) == (None, None, None)
            assert result.reason == "no item has two labels to compare"


def test_one_category_everywhere_is_undefined_rather_than_perfect() -> None:
    # The third item would bring variation, but nobody can be compared on it.
    table = LongTable.from_columns([1, 1, 2, 2, 3], ["a", "b"] * 2 + ["a"], ["ok"] * 4 + ["wrong"])
    result = krippendorff_alpha(table)
    assert (result.value, result.low, result.high, result.percent) == (None, None, None, 1.0)
    assert result.reason == "all 4 compared labels are 'ok': without variation alpha is not defined"
    assert percent_agreement(table).value == 1.0


def test_full_agreement_with_variation_is_one() -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, [1, 1, 2, 2])
    assert [krippendorff_alpha(table, metric, resamples=0).value for metric in METRICS] == [1, 1, 1, 1]


def test_a_rare_error_leaves_some_resamples_undefined_and_says_so() -> None:
    value = ["ok"] * 38 + ["bad", "bad"]
    table = LongTable.from_columns([step // 2 for step in range(40)], ["a", "b"] * 20, value)
    result = krippendorff_alpha(table, resamples=200)
    # (19/20)**20: about 36 % of the resamples miss the one item that varies.
    assert (result.value, result.low, result.high) == (1.0, None, None)
    assert result.n_undefined > 40
    assert result.reason is not None
    assert "resamples" in result.reason


def test_criteria_are_compared_within_themselves() -> None:
    table = LongTable.from_columns(
        ["s"] * 4 + ["u"] * 4,
        ["a", "b"] * 4,
        [1, 1, 2, 2, 2, 2, 1, 2],
        criterion=["logic", "logic", "style", "style"] * 2,
    )
    assert krippendorff_alpha(table, resamples=0).n_items == 4
    assert krippendorff_alpha(table.only("logic"), resamples=0).value == 1.0
    assert krippendorff_alpha(table.only("style"), resamples=0).value == 0.0


def test_weights_are_refused_rather_than_ignored() -> None:
    table = LongTable.from_columns([1, 1], ["a", "b"], [1, 2], weight=[1, 2])
    for measure in (krippendorff_alpha, percent_agreement):
        with pytest.raises(Rejected) as caught:
            measure(table)
        assert caught.value.field == "weight"
