"""What holds for every method with a model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.glad import glad
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.mace import mace
from annotate.stats.aggregate.majority import majority
from annotate.stats.aggregate.one_coin import one_coin
from annotate.stats.table import LongTable
from tests.annotate.stats.aggregate.crowds import a_crowd

Method = Callable[..., AggregateFit]
MODELS: tuple[Method, ...] = (dawid_skene, one_coin, hierarchical, glad, mace)


@pytest.mark.parametrize("method", MODELS)
def test_the_objective_never_falls_and_the_climb_ends(method: Method) -> None:
    fit = method(a_crowd(n_items=150).table)
    assert fit.converged
    assert fit.n_iter == len(fit.history) > 1
    assert np.diff(fit.history).min() > -1e-9
    assert fit.history[-1] - fit.history[-2] < 1e-9


@pytest.mark.parametrize("method", MODELS)
def test_it_beats_the_majority_where_raters_differ(method: Method) -> None:
    crowd = a_crowd(n_items=600, n_raters=15, each=5, sure=4, seed=3)
    assert crowd.right(method(crowd.table).labels()) > crowd.right(majority(crowd.table).labels())


@pytest.mark.parametrize("method", MODELS)
def test_probabilities_are_probabilities(method: Method) -> None:
    fit = method(a_crowd(n_items=60).table)
    assert fit.posterior.sum(axis=1) == pytest.approx(np.ones(60))
    assert fit.prevalence == pytest.approx(fit.posterior.mean(axis=0))
    assert fit.counts.sum() == pytest.approx(300)
    assert fit.log_likelihood is not None
    assert fit.log_likelihood < 0


@pytest.mark.parametrize("method", MODELS)
def test_the_order_of_rows_and_the_names_do_not_matter(method: Method) -> None:
    table = a_crowd(n_items=80).table
    order = np.random.default_rng(5).permutation(len(table))
    item, rater, value = table.item.codes[order], table.rater.codes[order], table.value.codes[order]
    names = [f"r{17 - code}" for code in rater.tolist()]
    other = method(LongTable.from_columns(item, names, value, levels=[0, 1, 2]))
    first = method(table)
    place = [other.units.index(unit) for unit in first.units]
    if method is not mace:  # whose random beginnings fall on other raters
        assert other.posterior[place] == pytest.approx(first.posterior, abs=1e-5)
    assert other.history[-1] == pytest.approx(first.history[-1], abs=1e-6)


@pytest.mark.parametrize("method", MODELS)
def test_levels_may_be_called_anything(method: Method) -> None:
    table = a_crowd(n_items=80).table
    turned = LongTable.from_columns(
        table.item.codes, table.rater.codes, (table.value.codes + 1) % 3, levels=[0, 1, 2]
    )
    first, other = method(table), method(turned)
    if method is not mace:
        assert other.posterior[:, [1, 2, 0]] == pytest.approx(first.posterior, abs=1e-5)
    assert other.history[-1] == pytest.approx(first.history[-1], abs=1e-6)


@pytest.mark.parametrize("method", MODELS)
def test_a_label_of_weight_two_is_two_labels(method: Method) -> None:
    table = a_crowd(n_items=60).table
    columns = (table.item.codes, table.rater.codes, table.value.codes)
    weight = 1.0 + (np.arange(len(table)) % 4 == 0)
    twice = [np.repeat(column, weight.astype(int)) for column in columns]
    heavy = method(LongTable.from_columns(*columns, weight=weight, levels=[0, 1, 2]))
    doubled = method(LongTable.from_columns(*twice, repeats="keep", levels=[0, 1, 2]))
    assert heavy.log_likelihood == pytest.approx(doubled.log_likelihood, abs=1e-6)
    assert heavy.posterior == pytest.approx(doubled.posterior, abs=1e-6)


@pytest.mark.parametrize("method", MODELS)
def test_known_answers_stay_and_teach(method: Method) -> None:
    crowd = a_crowd(n_items=100, sure=3)
    known = {item: crowd.truth[item] for item in range(0, 100, 2)}
    fit = method(crowd.table, known=known)
    labels = dict(zip(fit.units, fit.labels(), strict=True))
    assert all(labels[item] == answer for item, answer in known.items())
    assert fit.is_known.sum() == 50
    assert fit.posterior[fit.is_known].max(axis=1).tolist() == [1.0] * 50
    assert np.diff(fit.history).min() > -1e-9


@pytest.mark.parametrize("method", MODELS)
def test_stopping_early_is_said(method: Method) -> None:
    fit = method(a_crowd(n_items=60).table, max_iter=2)
    assert (fit.converged, fit.n_iter) == (False, 2)
    assert "without converging" in fit.message


@pytest.mark.parametrize("method", MODELS)
def test_impossible_settings_are_refused(method: Method) -> None:
    table = a_crowd(n_items=10).table
    for change in ({"tol": -1.0}, {"tol": float("nan")}, {"max_iter": 0}):
        with pytest.raises(Rejected, match=next(iter(change))):
            method(table, **change)
    with pytest.raises(NotEstimable):
        method(LongTable.from_columns([], [], []))


@pytest.mark.parametrize("method", [one_coin, hierarchical, glad, mace])
def test_one_level_leaves_nothing_to_learn(method: Method) -> None:
    with pytest.raises(NotEstimable, match="two levels"):
        method(LongTable.from_columns([1, 1], ["a", "b"], ["ok", "ok"]))


@pytest.mark.parametrize("method", [dawid_skene, one_coin, hierarchical, mace])
def test_numpy_and_scipy_give_the_same_numbers(method: Method) -> None:
    pytest.importorskip("scipy.sparse")
    table = a_crowd(n_items=120).table
    plain, sparse = method(table, engine="numpy"), method(table, engine="scipy")
    assert plain.history == pytest.approx(sparse.history, abs=1e-8)
    assert plain.posterior == pytest.approx(sparse.posterior, abs=1e-9)


@pytest.mark.parametrize("method", MODELS)
def test_raters_without_a_label_are_no_trouble(method: Method) -> None:
    table = a_crowd(n_items=60).table
    fit = method(table.where(table.rater.codes != 0))
    assert fit.converged
    assert fit.counts[0].sum() == 0
