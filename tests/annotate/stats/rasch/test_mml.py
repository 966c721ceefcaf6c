from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.rasch import marginal_model, mml
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.marginal_model import N_NODES, At, MarginalModel
from annotate.stats.rasch.mml import fit_marginally
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.steps import Steps
from tests.annotate.stats.rasch.examples import crossed, drawn
from tests.annotate.stats.rasch.test_moments import mixed_table


def log_likelihood_at(model: MarginalModel, at: At, free: FloatArray) -> float:
    """With the parameters moved by ``free``; the quadrature sits on the posteriors, as in the fit."""
    n_steps = int(at.steps.free.sum())
    full = model.mapping(n_steps) @ free
    by = np.zeros(at.steps.sums.shape)
    by[at.steps.free] = full[model.n_rest : model.n_rest + n_steps]
    there = At(at.rest + full[: model.n_rest], at.steps.moved(by), at.mean + full[-2], at.log_sd + full[-1])
    grid = model.grid(there, np.zeros(model.n_items), np.ones(model.n_items))
    return float(grid.log_likelihood.sum())


@pytest.mark.parametrize(
    "ratings",
    [
        drawn(seed=1, n_items=25).ratings(),
        mixed_table(seed=5),
        crossed([[0, 1, 2], [1, 1, 2], [0, 2, 2], [1, 0, 1], [2, 1, 0], [0, 0, 1]]),
        drawn(seed=3, n_items=25).ratings(anchors={"item": {0: 0.7, 4: -1.0}, "rater": {1: 0.3}}),
    ],
    ids=["scale", "mixed", "two facets", "anchored"],
)
def test_derivatives_are_differences(ratings: Ratings) -> None:
    design = Design.of(ratings)
    model = MarginalModel(design)
    steps = Steps.of(ratings)
    rng = np.random.default_rng(0)
    at = At(
        model.begun + model.contrasts @ rng.normal(0, 0.3, model.contrasts.shape[1]),
        steps.moved(rng.normal(0, 0.2, steps.sums.shape)),
        0.2 if model.has_mean else 0.0,
        0.1,
    )
    grid = model.grid(at, np.zeros(model.n_items), np.ones(model.n_items))
    gradient, information = model.derivatives(at, grid)
    gap, size = 1e-4, len(gradient)
    here = log_likelihood_at(model, at, np.zeros(size))
    for j in range(size):
        by = np.zeros(size)
        by[j] = gap
        up, down = (log_likelihood_at(model, at, side * by) for side in (1, -1))
        assert gradient[j] == pytest.approx((up - down) / (2 * gap), abs=1e-4), j
        assert information[j, j] == pytest.approx((2 * here - up - down) / gap**2, rel=2e-3, abs=2e-3), j
    both = np.zeros(size)
    for i, j in [(0, 1), (0, size - 1), (1, size - 2)]:
        corners = []
        for one, other in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            both[:] = 0
            both[i], both[j] = one * gap, other * gap
            corners.append(log_likelihood_at(model, at, both))
        mixed = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * gap**2)
        assert information[i, j] == pytest.approx(-mixed, rel=2e-3, abs=2e-3)


def test_more_nodes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = drawn(seed=2, per_item=5).ratings()
    coarse = fit_rasch(ratings, estimator="mml")
    monkeypatch.setattr(marginal_model, "N_NODES", 2 * N_NODES)
    fine = fit_rasch(ratings, estimator="mml")
    assert coarse.deviance == pytest.approx(fine.deviance, abs=1e-6)
    np.testing.assert_allclose(coarse.facet("rater").measure, fine.facet("rater").measure, atol=1e-6)


def test_two_facets_of_one_item_have_the_integral_of_a_normal() -> None:
    # One dichotomous item: its difficulty is the level at which the integral gives the share of ones.
    ratings = crossed([[1], [1], [1], [0]])
    model = MarginalModel(Design.of(ratings))
    at = At(np.zeros(1), Steps.of(ratings), 0.0, np.log(2.0))
    grid = model.grid(at, np.zeros(4), np.ones(4))
    x = np.linspace(-16, 16, 20_001)
    density = np.exp(-x * x / 8) / np.sqrt(8 * np.pi)
    up = float((density / (1 + np.exp(-x))).sum() * (x[1] - x[0]))
    np.testing.assert_allclose(grid.log_likelihood, np.log([up, up, up, 1 - up]), atol=1e-7)


def test_extreme_items_have_a_posterior() -> None:
    table = drawn(seed=4)
    value = np.where(table.item == 0, 3, table.value)
    fit = fit_rasch(type(table)(**{**_columns(table), "value": value}).ratings(), estimator="mml")
    items = fit.facet("item")
    assert (items.extreme[0], items.one_sided[0]) == (0, 1)
    assert np.isfinite(items.infit[0])
    assert items.measure[0] == items.measure.max()
    assert items.se[0] > items.se.min()
    assert fit.converged


def _columns(table: object) -> dict[str, object]:
    return {name: getattr(table, name) for name in table.__dataclass_fields__}  # type: ignore[attr-defined]


def test_what_it_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mml, "MOST_PARAMETERS", 5)
    with pytest.raises(Rejected, match="use eb"):
        fit_rasch(drawn(seed=1).ratings(), estimator="mml")


def test_a_fit_that_is_cut_short_says_so() -> None:
    ratings = drawn(seed=1).ratings()
    found = fit_marginally(Design.of(ratings), Steps.of(ratings), tolerance=1e-9, max_iter=1)
    assert not found.converged
    assert "after 1 rounds" in found.message


def test_anchors_stay_and_what_they_say_moves_the_rest_along() -> None:
    """A fit anchored at another's raters, moved by half a logit, is that fit, moved by half a logit."""
    table = drawn(seed=6, n_items=60)
    plain = fit_rasch(table.ratings(), estimator="mml")
    raters = dict(enumerate((plain.facet("rater").measure + 0.5).tolist()))
    moved = fit_rasch(table.ratings(anchors={"rater": raters}), estimator="mml")
    assert moved.converged
    assert moved.facet("rater").measure.tolist() == list(raters.values())
    assert np.isnan(moved.facet("rater").se).all()
    np.testing.assert_allclose(moved.facet("rater").displacement, 0, atol=1e-4)
    gap = moved.facet("item").measure - plain.facet("item").measure
    # Criteria are centred once something else says where 0 is, and the population takes up both.
    level = float(plain.facet("criterion").measure.mean())
    np.testing.assert_allclose(gap, 0.5 - level, atol=1e-5)
    np.testing.assert_allclose(
        moved.facet("criterion").measure, plain.facet("criterion").measure - level, atol=1e-5
    )
    assert moved.populations[0].mean == pytest.approx(0.5 - level, abs=1e-5)
    assert moved.deviance == pytest.approx(plain.deviance, abs=1e-6)


def test_one_anchored_rater_says_where_the_others_are() -> None:
    table = drawn(seed=6, n_items=60)
    plain = fit_rasch(table.ratings(), estimator="mml")
    fit = fit_rasch(table.ratings(anchors={"rater": {2: -1.0}}), estimator="mml")
    gap = fit.facet("rater").measure - plain.facet("rater").measure
    np.testing.assert_allclose(gap, -1.0 - plain.facet("rater").measure[2], atol=1e-5)
    assert fit.deviance == pytest.approx(plain.deviance, abs=1e-6)


def test_anchored_items_are_no_draws_of_the_population() -> None:
    table = drawn(seed=7, n_items=60)
    known = {place: float(table.items[place]) for place in range(0, 60, 2)}
    fit = fit_rasch(table.ratings(anchors={"item": known}), estimator="mml")
    items = fit.facet("item")
    assert fit.converged
    assert items.measure[::2].tolist() == list(known.values())
    assert np.isnan(items.se[::2]).all()
    assert np.isfinite(items.se[1::2]).all()
    assert fit.populations[0].n == 30
    # Raters are no more centred than the items are: their own level comes out of the anchors.
    rmse = np.sqrt(np.square(fit.facet("rater").measure - (table.raters + table.criteria.mean())).mean())
    assert rmse < 0.25


def test_a_rater_who_gave_nothing_but_the_highest_costs_no_time_and_says_nothing_of_the_items() -> None:
    table = drawn(seed=8, n_items=60)
    kind = table.rater == 3
    value = np.where(kind, 3, table.value)
    whole = type(table)(**{**_columns(table), "value": value})
    fit = fit_rasch(whole.ratings(), estimator="mml")
    without = fit_rasch(whole.ratings(~kind), estimator="mml")
    assert fit.converged
    assert fit.n_iter <= without.n_iter + 2
    assert fit.deviance == pytest.approx(without.deviance, abs=1e-6)
    raters = fit.facet("rater")
    assert (raters.extreme[3], raters.one_sided[3]) == (1, 1)
    assert raters.measure[3] == raters.measure.min() < -3
    assert raters.se[3] > 1
    assert np.isnan(raters.infit[3])
    assert raters.n[3] == kind.sum()
    for name in ("rater", "item"):
        rest = without.facet(name)
        measure = dict(zip(fit.facet(name).elements, fit.facet(name).measure, strict=True))
        np.testing.assert_allclose(rest.measure, [measure[element] for element in rest.elements], atol=1e-6)


def test_items_that_do_not_differ_have_a_population_of_hardly_any_width() -> None:
    """Its likeliest variance is 0, where nodes were further apart than the population and the likelihood made up."""
    rows = ["000", "012", "021", "111", "111", "120", "120", "102", "102", "222", "201", "210"]
    ratings = crossed([[int(mark) for mark in row] for row in rows[1:]])
    wide = crossed([[int(mark) for mark in row] for row in rows])
    for one in (ratings, wide):
        fit = fit_rasch(one, estimator="mml")
        assert fit.converged
        assert fit.n_iter < 60
        assert fit.populations[0].sd >= 0.01
    flat = crossed([[0, 1, 2], [0, 2, 1], [1, 2, 0], [1, 0, 2], [2, 0, 1], [2, 1, 0]])
    fit = fit_rasch(flat, estimator="mml")
    assert fit.converged
    assert fit.populations[0].sd == pytest.approx(0.01)
    # Every level is given as often as every other, by everybody.
    assert fit.log_likelihood == pytest.approx(18 * np.log(1 / 3), abs=0.01)
