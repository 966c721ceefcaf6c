"""What all chance-corrected coefficients have in common."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.stats.brennan import brennan_prediger
from annotate.stats.chance import ChanceResult
from annotate.stats.cohen import cohen_kappa
from annotate.stats.conger import conger_kappa
from annotate.stats.fleiss import fleiss_kappa
from annotate.stats.gwet import gwet_ac
from annotate.stats.krippendorff import weighted_alpha
from annotate.stats.scott import scott_pi
from annotate.stats.table import LongTable
from annotate.stats.weighting import Weighting
from tests.annotate.stats.tables import Label, clustered_labels, table_from_labels

Coefficient = Callable[..., ChanceResult]
OF_MANY: list[Coefficient] = [brennan_prediger, conger_kappa, fleiss_kappa, gwet_ac, weighted_alpha]
OF_TWO: list[Coefficient] = [cohen_kappa, scott_pi]
WEIGHTINGS: tuple[Weighting, ...] = ("identity", "linear", "quadratic", "ordinal")


def label_lists() -> st.SearchStrategy[list[Label]]:
    """Some 8 to 30 labels on 6 items by 5 raters, no rater twice on one item."""
    label = st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 3).map(float))
    return st.lists(label, min_size=8, max_size=30, unique_by=lambda row: row[:2])


def value_of(coefficient: Coefficient, labels: list[Label], weighting: Weighting) -> tuple[float, float]:
    """Value and error as numbers, with -9 for what is not defined, so that they can be compared."""
    item, rater, value = zip(*labels, strict=True)
    table = LongTable.from_columns(item, rater, value, levels=[0, 1, 2, 3])
    result = coefficient(table, weighting, resamples=0)
    return (-9 if result.value is None else result.value, -9 if result.se is None else result.se)


@pytest.mark.parametrize("coefficient", OF_MANY)
@given(label_lists(), st.sampled_from(WEIGHTINGS), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_of_rows_and_names_of_raters_do_not_matter(
    coefficient: Coefficient, labels: list[Label], weighting: Weighting, random: Random
) -> None:
    shuffled = [(50 - item, 100 - 7 * rater, value) for item, rater, value in labels]
    random.shuffle(shuffled)
    expected = value_of(coefficient, labels, weighting)
    assert value_of(coefficient, shuffled, weighting) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("coefficient", OF_MANY)
@given(label_lists(), st.permutations(range(4)))
@settings(max_examples=25, deadline=None)
def test_without_weights_it_does_not_matter_what_levels_are_called(
    coefficient: Coefficient, labels: list[Label], codes: list[int]
) -> None:
    renamed = [(item, rater, float(codes[int(value)])) for item, rater, value in labels]
    expected = value_of(coefficient, labels, "identity")
    assert value_of(coefficient, renamed, "identity") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("coefficient", OF_MANY)
@given(label_lists(), st.sampled_from(WEIGHTINGS))
@settings(max_examples=25, deadline=None)
def test_a_scale_may_be_turned_round(
    coefficient: Coefficient, labels: list[Label], weighting: Weighting
) -> None:
    turned = [(item, rater, 3 - value) for item, rater, value in labels]
    expected = value_of(coefficient, labels, weighting)
    assert value_of(coefficient, turned, weighting) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("coefficient", [*OF_MANY, *OF_TWO])
def test_full_agreement_with_variation_is_one_with_no_error(coefficient: Coefficient) -> None:
    table = LongTable.from_columns([1, 1, 2, 2, 3, 3], ["a", "b"] * 3, [1, 1, 2, 2, 2, 2])
    result = coefficient(table, resamples=0)
    assert result.value == pytest.approx(1, abs=1e-12)
    assert result.se == pytest.approx(0, abs=1e-9)
    assert result.agreement == 1
    assert result.prevalence == {1: 1 / 3, 2: 2 / 3}


@pytest.mark.parametrize("coefficient", [cohen_kappa, conger_kappa, fleiss_kappa, scott_pi, weighted_alpha])
def test_identical_labels_leave_it_open_where_chance_comes_from_the_labels(coefficient: Coefficient) -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, ["ok"] * 4, levels=["wrong", "ok"])
    result = coefficient(table)
    assert (result.value, result.se, result.low, result.high) == (None, None, None, None)
    assert (result.agreement, result.chance) == (1, 1)
    assert result.reason is not None
    assert "chance agreement is 1 without variation" in result.reason


@pytest.mark.parametrize("coefficient", [brennan_prediger, gwet_ac])
def test_identical_labels_agree_fully_where_chance_comes_from_the_scale(coefficient: Coefficient) -> None:
    item, rater, value = [1, 1, 2, 2], ["a", "b"] * 2, ["ok"] * 4
    known = coefficient(LongTable.from_columns(item, rater, value, levels=["wrong", "ok"]))
    assert (known.value, known.low, known.high) == (1, 1, 1)
    unknown = coefficient(LongTable.from_columns(item, rater, value))
    assert unknown.value is None
    assert unknown.reason is not None
    assert "no other level is known" in unknown.reason


@pytest.mark.parametrize("coefficient", OF_MANY)
def test_without_two_labels_on_an_item_nothing_is_claimed(coefficient: Coefficient) -> None:
    for table in (LongTable.from_columns([], [], []), LongTable.from_columns([1, 2], ["a", "b"], [1, 2])):
        result = coefficient(table)
        assert (result.value, result.agreement, result.low) == (None, None, None)
        assert result.reason == "no item has two labels to compare"


@pytest.mark.parametrize("coefficient", OF_TWO)
def test_two_raters_without_a_shared_item_are_not_compared(coefficient: Coefficient) -> None:
    result = coefficient(LongTable.from_columns([1, 2], ["a", "b"], [1, 2]))
    assert (result.value, result.reason) == (None, "no item has two labels to compare")


@pytest.mark.parametrize("coefficient", [*OF_MANY, *OF_TWO])
def test_weights_of_labels_are_refused(coefficient: Coefficient) -> None:
    with pytest.raises(Rejected, match="no weighted form"):
        coefficient(LongTable.from_columns([1, 1], ["a", "b"], [1, 2], weight=[1, 2]))


@pytest.mark.parametrize("coefficient", [*OF_MANY, *OF_TWO])
def test_the_interval_is_over_traces_and_wider_than_the_error_says(coefficient: Coefficient) -> None:
    # Steps of a hard trace err together: 30 traces of 20 steps tell less than 600 items.
    table = clustered_labels(30, 20, seed=4)
    result = coefficient(table, resamples=300, seed=1)
    assert result.low is not None
    assert result.high is not None
    assert result.se is not None
    assert result.low < result.value < result.high  # type: ignore[operator]
    assert (result.high - result.low) / 3.92 > 1.3 * result.se
    assert (result.n_clusters, result.n_items, result.n_labels) == (30, 600, 1200)
    assert coefficient(table, resamples=300, seed=1) == result


@pytest.mark.parametrize("coefficient", [*OF_MANY, *OF_TWO])
def test_the_published_error_is_that_of_the_bootstrap_where_items_are_independent(
    coefficient: Coefficient,
) -> None:
    table = clustered_labels(600, 1, seed=4)
    result = coefficient(table, resamples=1500, seed=1)
    assert result.low is not None
    assert result.high is not None
    assert (result.high - result.low) / 3.92 == pytest.approx(result.se, rel=0.1)


def test_without_missing_labels_fleiss_is_alpha_but_for_its_small_sample_term() -> None:
    table = clustered_labels(30, 4, seed=2)
    fleiss, alpha = fleiss_kappa(table, resamples=0), weighted_alpha(table, resamples=0)
    assert fleiss.value is not None
    assert alpha.value is not None
    n = len(table)
    assert 1 - alpha.value == pytest.approx((1 - fleiss.value) * (n - 1) / n)


def test_labels_nobody_else_gave_count_for_the_shares_only() -> None:
    labels: list[Label] = [(1, 1, 0.0), (1, 2, 1.0), (2, 1, 1.0), (2, 2, 1.0)]
    alone = [*labels, (3, 1, 0.0)]
    for coefficient in (fleiss_kappa, gwet_ac):
        with_it = coefficient(table_from_labels(alone), resamples=0)
        without = coefficient(table_from_labels(labels), resamples=0)
        assert with_it.agreement == without.agreement
        assert with_it.chance != without.chance
        assert (with_it.n_unpaired, with_it.n_items) == (1, 2)


def test_many_raters_with_few_labels_are_compared_without_a_table_of_raters_by_items() -> None:
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(2_000), 3)
    rater = rng.permutation(6_000)
    value = (item + (rng.random(6_000) < 0.2)) % 2
    table = LongTable.from_columns(item, rater, value)
    conger, fleiss = conger_kappa(table, resamples=20), fleiss_kappa(table, resamples=20)
    assert conger.value == pytest.approx(fleiss.value, abs=0.002)
