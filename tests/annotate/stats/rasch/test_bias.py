"""Bias cells: Facets' screening on made data, and recovery of interactions that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.bias import find_bias, variance_between
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import (
    CROSSED,
    ESTIMATORS,
    chances,
    fitted,
    made,
    thresholds_of,
    with_values,
)


def interacting(scenario: Scenario, sd: float, seed: int) -> tuple[Ratings, np.ndarray]:
    """Ratings in which every rater has a leaning of his own on every criterion; leanings add up to 0 both ways."""
    simulation = made(scenario, seed)
    rng = np.random.default_rng(seed + 100)
    leaning = rng.normal(0, sd, (scenario.n_raters, scenario.n_criteria))
    leaning -= leaning.mean(axis=0)
    leaning -= leaning.mean(axis=1, keepdims=True)
    item, rater, criterion = (facet.elements.codes for facet in simulation.ratings.facets)
    truth = simulation.truth
    eta = truth.items[item] - truth.raters[rater] - truth.criteria[criterion] + leaning[rater, criterion]
    below = chances(eta, truth.thresholds[0]).cumsum(axis=1)[:, :-1]
    return with_values(simulation.ratings, (rng.random((len(item), 1)) >= below).sum(axis=1)), leaning


def test_screening_is_facets_formula() -> None:
    fit = fitted(CROSSED, "jmle")
    bias = find_bias(fit, "rater", "criterion")
    ratings = fit.design.ratings
    rater, criterion = (ratings.facets[place].elements.codes for place in (1, 2))
    eta, tau = fit.design.spread(fit.measures), thresholds_of(fit)
    for place in (0, 7, 14):
        own = (rater == bias.first[place]) & (criterion == bias.second[place])
        chance = chances(eta[own] + bias.size[place], tau)
        mean = chance @ np.arange(4)
        spread = chance @ np.arange(4) ** 2 - mean**2
        assert mean.sum() == pytest.approx(ratings.value[own].sum(), abs=1e-6)
        assert bias.se[place] == pytest.approx(1 / np.sqrt(spread.sum()))
        assert bias.observed[place] == ratings.value[own].sum()
        assert bias.expected[place] == pytest.approx((chances(eta[own], tau) @ np.arange(4)).sum())
    assert bias.t == pytest.approx(bias.size / bias.se)
    assert bias.df == pytest.approx(np.full(15, 59))
    assert bias.chi_square.value == pytest.approx((bias.t**2).sum())
    assert bias.chi_square.df == 15


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(n_items=200, n_raters=20, n_criteria=4, raters_per_item=2),
        Scenario(n_items=150, n_raters=6, n_criteria=5),
    ],
)
def test_interactions_are_recovered(scenario: Scenario, estimator) -> None:
    ratings, leaning = interacting(scenario, 0.5, seed=3)
    bias = find_bias(fit_rasch(ratings, estimator=estimator), "rater", "criterion")
    truth = leaning[bias.first, bias.second]
    assert bias.effect_sd == pytest.approx(truth.std(), abs=0.1)
    assert np.polyfit(bias.effect, truth, 1)[0] == pytest.approx(1, abs=0.2)
    assert np.mean(np.abs(bias.effect - truth) < 1.96 * bias.effect_se) > 0.85
    # Shrinking beats screening where cells are small.
    if scenario.raters_per_item:
        assert ((bias.effect - truth) ** 2).mean() < ((bias.size - truth) ** 2).mean() * 1.05


def test_without_interaction_there_is_next_to_none() -> None:
    scenario = Scenario(n_items=200, n_raters=20, n_criteria=4, raters_per_item=2)
    deviations = [find_bias(fitted(scenario, "eb", seed), "rater", "criterion") for seed in range(4)]
    assert np.mean([one.effect_sd for one in deviations]) < 0.1
    assert np.mean([(one.holm < 0.05).sum() for one in deviations]) < 1
    assert all(np.isfinite(one.effect).all() for one in deviations)


def test_a_further_column_and_renamed_rows_change_nothing() -> None:
    simulation = made(CROSSED)
    fit = fitted(CROSSED)
    source = Codes(simulation.ratings.facets[0].elements.codes % 2, ("essay", "proof"))
    bias = find_bias(fit, "rater", source, names=("rater", "source"))
    assert (len(bias), bias.names, bias.second_elements) == (10, ("rater", "source"), ("essay", "proof"))
    order = np.random.default_rng(0).permutation(len(simulation.ratings))
    shuffled = replace(
        simulation.ratings,
        facets=tuple(replace(one, elements=one.elements.take(order)) for one in simulation.ratings.facets),
        value=simulation.ratings.value[order],
        scale=simulation.ratings.scale.take(order),
    )
    again = find_bias(fit, "rater", source.take(order), ratings=shuffled)
    assert again.size == pytest.approx(bias.size)
    assert again.effect == pytest.approx(bias.effect, abs=1e-6)


def test_extreme_cells_have_a_size_and_cells_without_choice_none() -> None:
    simulation = made(CROSSED)
    rater, criterion = (simulation.ratings.facets[place].elements.codes for place in (1, 2))
    value = np.where((rater == 0) & (criterion == 0), 3, simulation.ratings.value)
    fit = fit_rasch(with_values(simulation.ratings, value), estimator="jmle")
    bias = find_bias(fit, "rater", "criterion")
    assert bias.extreme.tolist() == [1] + [0] * 14
    assert 1 < bias.size[0] < 8
    assert bias.holm[0] < 0.05
    assert np.isfinite(bias.effect[0])


def test_the_two_must_differ() -> None:
    with pytest.raises(Rejected, match="different"):
        find_bias(fitted(CROSSED), "rater", "rater")
    with pytest.raises(Rejected, match="no facet is called"):
        find_bias(fitted(CROSSED), "rater", "colour")


def test_variance_between_is_the_likeliest() -> None:
    rng = np.random.default_rng(4)
    error = rng.uniform(0.1, 2.0, 4000)
    observed = rng.normal(0, np.sqrt(0.8**2 + error))
    assert variance_between(observed, error) == pytest.approx(0.64, abs=0.1)
    assert variance_between(rng.normal(0, 0.1, 50), np.ones(50)) == 0.0
    assert variance_between(np.zeros(0), np.zeros(0)) == 0.0
