from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.eb import fit_bayes
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import crossed, drawn, three_facets


def test_it_ends_where_its_equations_hold(path: str) -> None:
    ratings = drawn(seed=1).ratings(thresholds_by="criterion")
    design = Design.of(ratings)
    found = fit_bayes(design, Steps.of(ratings), tolerance=1e-9, max_iter=500)
    assert found.converged
    seen = moments(
        ratings, design.spread(found.measures), found.steps, design.spread_variance(found.variances)
    )
    pull = design.gathered(seen.residual) - found.prior.pull(found.measures)
    assert np.abs(pull).max() < 1e-6
    assert np.abs(np.where(found.steps.free, seen.step_residual, 0)).max() < 1e-6
    drawn_ones = found.prior.is_drawn
    precision = design.gathered(seen.variance, signed=False) + found.prior.precision
    np.testing.assert_allclose(found.variances[drawn_ones], 1 / precision[drawn_ones], rtol=1e-6)
    by_ratings = design.gathered(seen.variance, signed=False)
    updated = found.prior.updated(found.measures + design.gathered(seen.residual) / by_ratings, by_ratings)
    np.testing.assert_allclose(updated.variance, found.prior.variance, rtol=1e-5)
    assert (found.variances[~drawn_ones] == 0).all()


def test_the_bound_is_below_the_marginal_likelihood() -> None:
    ratings = drawn(seed=2, per_item=5).ratings()
    bound, marginal = fit_rasch(ratings), fit_rasch(ratings, estimator="mml")
    assert bound.log_likelihood < marginal.log_likelihood
    np.testing.assert_allclose(bound.facet("rater").measure, marginal.facet("rater").measure, atol=0.06)


def test_perfect_scores_are_no_special_case() -> None:
    table = drawn(seed=3)
    value = np.where(table.item == 0, 3, table.value)
    fit = fit_rasch(three_facets(table.item, table.rater, table.criterion, value))
    items = fit.facet("item")
    assert fit.converged
    assert (items.extreme[0], items.one_sided[0]) == (0, 1)
    assert items.reason(0) is not None
    assert np.isfinite(items.infit[0])
    assert items.measure[0] == items.measure.max()
    assert np.abs(items.measure).max() < 6


def test_a_start_gets_there_sooner() -> None:
    ratings = drawn(seed=4, n_items=200).ratings()
    first = fit_rasch(ratings)
    again = fit_rasch(ratings, start=first)
    assert again.n_iter < first.n_iter / 2
    np.testing.assert_allclose(again.facet("rater").measure, first.facet("rater").measure, atol=1e-4)
    with pytest.raises(Rejected, match="a start must be an eb fit"):
        fit_rasch(ratings, start=fit_rasch(ratings, estimator="jmle"))
    with pytest.raises(Rejected, match="a start must be an eb fit"):
        fit_rasch(drawn(seed=4, n_items=100).ratings(), start=first)


def test_people_and_machines_have_their_own_mean_and_spread() -> None:
    table = drawn(seed=5, n_items=300, n_raters=24, per_item=4, rater_sd=0.1)
    machines = table.rater >= 12
    # Machines are stricter by 1 and differ among themselves.
    rng = np.random.default_rng(0)
    shift = np.where(np.arange(24) >= 12, 1.0 + rng.normal(0, 0.8, 24), 0.0)
    value = np.clip(table.value - (rng.random(len(table.value)) < shift[table.rater] / 2), 0, 3)
    columns = (table.item, table.rater, table.criterion, value)
    kind = {rater: ("machine" if rater >= 12 else "person") for rater in range(24)}
    assert machines.any()
    fit = fit_rasch(three_facets(*columns, population=kind))
    raters = fit.facet("rater")
    _, people, automata = sorted(fit.populations, key=lambda one: (one.facet != "item", one.mean))
    assert (people.facet, automata.facet, people.n, automata.n) == ("rater", "rater", 12, 12)
    assert automata.mean - people.mean > 0.3
    assert automata.sd > 1.5 * people.sd
    assert raters.measure.mean() == pytest.approx(0, abs=1e-9)


def test_anchored_raters_stay_and_are_in_no_population() -> None:
    table = drawn(seed=6)
    fit = fit_rasch(table.ratings(anchors={"rater": {0: 0.4, 1: -0.2}}))
    raters = fit.facet("rater")
    assert raters.measure[:2].tolist() == [0.4, -0.2]
    assert np.isnan(raters.se[:2]).all()
    assert np.isfinite(raters.displacement[:2]).all()
    assert np.isnan(raters.displacement[2:]).all()
    assert next(one for one in fit.populations if one.facet == "rater").n == 4


def test_two_raters_are_draws_whose_spread_is_held_by_its_prior() -> None:
    fit = fit_rasch(drawn(seed=7, n_raters=2, per_item=2).ratings())
    assert [(one.facet, one.n) for one in fit.populations] == [("item", 40), ("rater", 2)]
    assert fit.converged


def test_a_criterion_on_which_all_agree_has_a_finite_place() -> None:
    table = drawn(seed=9)
    value = np.where(table.criterion == 0, 3, table.value)
    fit = fit_rasch(three_facets(table.item, table.rater, table.criterion, value))
    criteria = fit.facet("criterion")
    assert fit.converged
    assert np.abs(criteria.measure).max() < 15
    assert criteria.reason(0) is not None


def test_a_fit_that_is_cut_short_says_so() -> None:
    fit = fit_rasch(drawn(seed=8).ratings(), max_iter=2)
    assert not fit.converged
    assert "after 2 rounds it still moves by" in fit.message


def test_hardly_any_data_still_give_an_answer() -> None:
    for rows in ([[0, 1], [1, 0]], [[0, 1], [1, 2], [2, 2]], [[0], [1], [0]]):
        fit = fit_rasch(crossed(rows))
        assert np.isfinite(fit.log_likelihood)
        assert np.isfinite(fit.facet("person").measure).all()


def test_where_only_one_rating_was_possible_nothing_is_known() -> None:
    for rows in ([[2]], [[0], [0]], [[1, 1, 1]] * 2):
        with pytest.raises(NotEstimable, match="the same category"):
            fit_rasch(crossed(rows))
    # The first item got one criterion only, and on that nobody ever gave anything but 1.
    item, criterion = np.array([0, 1, 1, 2, 2, 3, 3]), np.array([0, 0, 1, 0, 1, 0, 1])
    value = np.array([1, 1, 0, 1, 2, 1, 1])
    ratings = three_facets(item, np.zeros(7, dtype=int), criterion, value, thresholds_by="criterion")
    items = fit_rasch(ratings).facet("item")
    assert np.isnan(items.measure[0])
    assert np.isnan(items.se[0])
    assert items.reason(0) == "nothing in its ratings decides where it is"
    assert np.isfinite(items.measure[1:]).all()


@pytest.mark.parametrize("seed", [2, 6, 9])
def test_raters_who_hardly_differ_are_fitted_to_the_end(seed: int) -> None:
    # The variance of the raters takes its time to get near 0, or to some small number.
    table = drawn(seed=seed, n_items=300, n_raters=60, n_criteria=1, per_item=3, rater_sd=0.0)
    fit = fit_rasch(table.ratings())
    assert fit.converged
    assert next(one for one in fit.populations if one.facet == "rater").sd < 0.25
    assert fit.facet("rater").separation is not None
    assert fit.facet("rater").separation.population.reliability < 0.35  # type: ignore[union-attr]


@pytest.mark.parametrize(("n_items", "n_raters"), [(20, 2), (60, 2), (60, 4), (200, 4)])
def test_raters_at_opposite_ends_settle(n_items: int, n_raters: int) -> None:
    """One gives nothing but the lowest, one nothing but the highest: variances chased each other in a circle."""
    rng = np.random.default_rng(1)
    item, rater = np.repeat(np.arange(n_items), n_raters), np.tile(np.arange(n_raters), n_items)
    value = rng.integers(0, 4, len(item))
    value[rater == 0], value[rater == 1] = 0, 3
    fit = fit_rasch(three_facets(item, rater, np.zeros_like(item), value))
    assert fit.converged
    severity = fit.facet("rater").measure
    assert severity[0] == severity.max() > 4
    assert severity[1] == severity.min() < -4
    assert fit.facet("rater").one_sided[:2].tolist() == [-1, 1]
