from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.aggregate import climb as climbing
from annotate.stats.aggregate.confusion import confusion_rates
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.scoring import against_gold
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd, dawid_skene_by_definition


@pytest.mark.parametrize("iterations", [1, 2, 7])
def test_it_is_the_definition(iterations: int) -> None:
    table = a_crowd(n_items=40).table
    posterior, log_likelihood = dawid_skene_by_definition(table, iterations=iterations)
    fit = dawid_skene(table, smoothing=0, max_iter=iterations)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-9)
    assert fit.posterior == pytest.approx(posterior, abs=1e-12)


def test_the_matrices_are_found() -> None:
    crowd = a_crowd(n_items=6000, n_raters=6, each=4, seed=2)
    found = confusion_rates(dawid_skene(crowd.table, smoothing=0))
    assert np.abs(found - crowd.matrices).max() < 0.05


def test_smoothing_adds_pseudo_labels_to_every_row() -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, [0, 0, 1, 1])
    fit = dawid_skene(table, smoothing=1, diagonal=2)
    assert fit.prior.tolist() == [[3, 1], [1, 3]]
    rates = confusion_rates(fit)
    assert rates[0, 0] == pytest.approx((fit.counts[0, 0] + [3, 1]) / (fit.counts[0, 0].sum() + 4))


def test_what_smoothing_is_without_a_word() -> None:
    table = a_crowd(n_items=30).table
    assert np.unique(dawid_skene(table).prior).tolist() == pytest.approx([0.1, 0.6])
    assert np.unique(dawid_skene(table, smoothing=0.3).prior).tolist() == [0.3]
    assert not dawid_skene(table, smoothing=0).prior.any()
    for change in ({"smoothing": -1.0}, {"diagonal": float("inf")}):
        with pytest.raises(Rejected, match=next(iter(change))):
            dawid_skene(table, **change)


def test_smoothing_makes_probabilities_honest_where_raters_have_few_labels() -> None:
    crowd = a_crowd(n_items=200, n_raters=100, n_levels=4, each=5, sure=6, seed=4)
    plain, smooth = dawid_skene(crowd.table, smoothing=0), dawid_skene(crowd.table)
    rough, fine = against_gold([plain, smooth], crowd.truth)
    assert fine.log_loss is not None
    assert rough.log_loss is not None
    assert fine.log_loss < rough.log_loss / 2
    assert plain.log_likelihood is not None
    assert smooth.log_likelihood is not None
    assert plain.log_likelihood > smooth.log_likelihood


def test_repeated_readings_count_each() -> None:
    once = LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, [0, 0, 1, 0])
    thrice = LongTable.from_columns(
        [1, 1, 1, 1, 2, 2, 2, 2], ["a", "a", "a", "b"] * 2, [0, 0, 0, 0, 1, 1, 1, 0], repeats="keep"
    )
    assert (
        dawid_skene(thrice, smoothing=0.5).posterior[1, 1] > dawid_skene(once, smoothing=0.5).posterior[1, 1]
    )
    assert dawid_skene(thrice).counts[0].sum() == 6


def test_one_level_is_certain() -> None:
    fit = dawid_skene(LongTable.from_columns([1, 1], ["a", "b"], ["ok", "ok"]), smoothing=0)
    assert (fit.labels(), fit.log_likelihood, fit.converged) == (("ok",), 0.0, True)


def test_levels_that_nobody_used_have_no_probability() -> None:
    table = LongTable.from_columns([1, 1, 2], ["a", "b", "a"], [0, 0, 1], levels=[0, 1, 2])
    fit = dawid_skene(table, smoothing=0)
    assert fit.prevalence[2] == 0
    assert fit.posterior[:, 2].tolist() == [0, 0]


def test_two_raters_who_always_disagree_leave_a_tie() -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, [0, 1, 1, 0])
    fit = dawid_skene(table)
    assert fit.labels() == (None, None)
    assert fit.n_tied == 2


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_leaps_are_taken_only_where_they_help(monkeypatch: pytest.MonkeyPatch, smoothing: float) -> None:
    table = a_crowd(n_items=400, n_raters=40, each=4, sure=3).table
    slow = dawid_skene(table, smoothing=smoothing)
    monkeypatch.setattr(climbing, "MANY", 100)
    fast = dawid_skene(table, smoothing=smoothing, tol=1e-9)
    assert np.diff(fast.history).min() > -1e-9
    assert fast.n_iter < slow.n_iter / 2
    assert fast.history[-1] >= slow.history[-1] - 1e-6


def test_beyond_many_labels_the_tolerance_is_per_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(climbing, "MANY", 100)
    fit = dawid_skene(a_crowd(n_items=100).table)
    assert "less than 5e-06" in fit.message


def test_near_levels_share_the_diagonals_pseudo_labels() -> None:
    """s + d h^|k - l|, by hand for s = 1, d = 2, h = 1/2."""
    table = LongTable.from_columns([1, 1, 2], ["a", "b", "a"], [0, 1, 2], levels=[0, 1, 2])
    fit = dawid_skene(table, smoothing=1.0, diagonal=2.0, near=0.5)
    assert fit.prior.tolist() == [[3.0, 2.0, 1.5], [2.0, 3.0, 2.0], [1.5, 2.0, 3.0]]
    assert (
        dawid_skene(table, smoothing=1.0, diagonal=2.0).prior.tolist()
        == (np.ones((3, 3)) + 2 * np.eye(3)).tolist()
    )


@pytest.mark.parametrize("near", [-0.1, 1.0, float("nan")])
def test_near_out_of_range_is_refused(near: float) -> None:
    table = LongTable.from_columns([1, 1], ["a", "b"], [0, 1])
    with pytest.raises(Rejected) as refusal:
        dawid_skene(table, near=near)
    assert refusal.value.field == "near"
