"""One-coin, hierarchical, GLAD and MACE: what each of them finds."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.glad import glad
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.aggregate.scoring import against_gold
from annotate.stats.codes import FloatArray
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd, labels_of


def crowd_of_accuracies(
    accuracy: FloatArray, *, n_items: int, n_levels: int, seed: int
) -> tuple[LongTable, FloatArray]:
    """Every rater labels every item and errs evenly; `accuracy` is (n_raters,) or (n_raters, n_items)."""
    rng = np.random.default_rng(seed)
    accuracy = np.broadcast_to(accuracy.reshape(len(accuracy), -1), (len(accuracy), n_items))
    truth = rng.integers(n_levels, size=n_items)
    chances = np.repeat((1 - accuracy.ravel())[:, None] / (n_levels - 1), n_levels, axis=1)
    item = np.tile(np.arange(n_items), len(accuracy))
    chances[np.arange(len(item)), truth[item]] = accuracy.ravel()
    rater = np.repeat(np.arange(len(accuracy)), n_items)
    return LongTable.from_columns(item, rater, labels_of(rng, chances)), truth


def test_one_coin_finds_the_accuracies() -> None:
    accuracy = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    table, _ = crowd_of_accuracies(accuracy, n_items=4000, n_levels=4, seed=1)
    fit = one_coin(table, smoothing=0)
    assert fit.rater_parameters["accuracy"] == pytest.approx(accuracy, abs=0.03)


def test_one_coin_cannot_fit_better_than_free_rows() -> None:
    table = a_crowd(n_items=200).table
    coin, free = one_coin(table, smoothing=0), dawid_skene(table, smoothing=0)
    assert coin.log_likelihood is not None
    assert free.log_likelihood is not None
    assert coin.log_likelihood < free.log_likelihood


def test_hierarchical_learns_what_raters_have_in_common() -> None:
    rng = np.random.default_rng(7)
    population = np.array([[8.0, 2.0], [1.0, 5.0]])
    matrices = np.stack([[rng.dirichlet(row) for row in population] for _ in range(200)])
    truth = rng.integers(2, size=4000)
    item = np.repeat(np.arange(4000), 5)
    rater = rng.integers(200, size=len(item))
    table = LongTable.from_columns(item, rater, labels_of(rng, matrices[rater, truth[item]]), repeats="keep")
    learnt = hierarchical(table).prior
    means = learnt / learnt.sum(axis=1, keepdims=True)
    assert means == pytest.approx(population / population.sum(axis=1, keepdims=True), abs=0.05)
    assert learnt.sum(axis=1) == pytest.approx(population.sum(axis=1), rel=0.5)


def test_hierarchical_is_more_honest_about_raters_with_few_labels() -> None:
    crowd = a_crowd(n_items=200, n_raters=100, n_levels=4, each=5, sure=6, seed=4)
    rough, fine = against_gold(
        [dawid_skene(crowd.table, smoothing=0), hierarchical(crowd.table)], crowd.truth
    )
    assert rough.log_loss is not None
    assert fine.log_loss is not None
    assert fine.log_loss < rough.log_loss / 2


def test_raters_who_are_all_alike_do_not_make_the_prior_infinite() -> None:
    table, _ = crowd_of_accuracies(np.full(8, 0.8), n_items=300, n_levels=2, seed=2)
    fit = hierarchical(table)
    assert fit.converged
    assert np.isfinite(fit.prior).all()


def test_a_handful_of_labels_does_not_make_the_prior_nothing() -> None:
    fit = hierarchical(a_crowd(n_items=20).table)
    assert fit.n_iter < 200
    assert fit.prior.sum(axis=1).min() > 0.5


def test_glad_finds_who_is_able_and_what_is_easy() -> None:
    rng = np.random.default_rng(3)
    ability, log_easiness = rng.normal(1, 1, size=40), rng.normal(0.5, 0.8, size=500)
    chance = 1 / (1 + np.exp(-ability[:, None] * np.exp(log_easiness)))
    table, _ = crowd_of_accuracies(chance, n_items=500, n_levels=3, seed=4)
    fit = glad(table)
    assert np.corrcoef(fit.rater_parameters["ability"], ability)[0, 1] > 0.95
    assert np.corrcoef(fit.unit_parameters["log_easiness"], log_easiness)[0, 1] > 0.7


def test_glad_turns_round_who_says_the_opposite() -> None:
    table, truth = crowd_of_accuracies(np.array([0.9, 0.85, 0.9, 0.1]), n_items=300, n_levels=2, seed=5)
    fit = glad(table)
    assert fit.rater_parameters["ability"][3] < 0
    assert (np.array(fit.labels()) == truth).mean() > 0.95


def test_glad_without_learning_the_prevalence() -> None:
    table = a_crowd(n_items=80).table
    even, learnt = glad(table, is_even=True), glad(table)
    assert even.history[-1] < learnt.history[-1]


def test_mace_finds_who_clicks_without_looking() -> None:
    rng = np.random.default_rng(6)
    truth = rng.integers(3, size=400)
    honest = [np.where(rng.random(400) < 0.85, truth, rng.integers(3, size=400)) for _ in range(4)]
    labels = np.concatenate([*honest, np.full(400, 2), rng.integers(3, size=400)])
    fit = mace(LongTable.from_columns(np.tile(np.arange(400), 6), np.repeat(np.arange(6), 400), labels))
    knows, habit = fit.rater_parameters["knows"], fit.rater_parameters["habit"]
    assert knows[:4] == pytest.approx(np.full(4, 0.85), abs=0.1)
    assert knows[4:].max() < 0.1
    assert habit[4, 2] > 0.9
    assert (np.array(fit.labels()) == truth).mean() > 0.95


def test_mace_is_the_same_for_the_same_seed() -> None:
    table = a_crowd(n_items=60).table
    assert mace(table, seed=3).history == mace(table, seed=3).history
    assert mace(table, restarts=0).history[-1] <= mace(table, restarts=5).history[-1] + 1e-5


def test_impossible_priors_are_refused() -> None:
    table = a_crowd(n_items=20).table
    for field, call in (
        ("knowing", lambda: mace(table, knowing=0)),
        ("strategy", lambda: mace(table, strategy=-1)),
        ("restarts", lambda: mace(table, restarts=-1)),
        ("rate", lambda: hierarchical(table, rate=0)),
        ("shape", lambda: hierarchical(table, shape=0.5)),
    ):
        with pytest.raises(Rejected, match=field):
            call()
