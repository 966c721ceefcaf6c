"""Fair averages against Facets' print-out and against the model written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import NotEstimable, Rejected
from annotate.stats.rasch import fair
from annotate.stats.rasch.fair import fair_averages
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import (
    CROSSED,
    ESTIMATORS,
    chances,
    fitted,
    island,
    made,
    thresholds_of,
)

PARTIAL = Scenario(n_items=80, n_raters=6, n_criteria=3, thresholds_by="criterion", threshold_sd=0.5)


def test_three_mile_island_as_facets_printed_it() -> None:
    # Facets 4.1.8, threemile.txt, "Fair(M) Average".
    found = fair_averages(island(), "group")
    assert found.score.round(2).tolist() == [2.16, 2.05, 2.13, 2.08, 2.16, 1.93, 2.01, 1.99]
    assert found.category == pytest.approx(found.score - 1)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_others_at_their_means_or_at_zero(estimator) -> None:
    fit = fitted(CROSSED, estimator)
    item, rater, criterion = (facet.measure for facet in fit.facets)
    tau, numbers = thresholds_of(fit), np.arange(4)
    plain = fit.facets[0].extreme == 0
    level = item[plain].mean() - criterion.mean()
    assert fair_averages(fit, "rater").category == pytest.approx(chances(level - rater, tau) @ numbers)
    assert fair_averages(fit, "rater", others="zero").category == pytest.approx(
        chances(-rater, tau) @ numbers
    )
    assert fair_averages(fit, "item").category == pytest.approx(
        chances(item - rater.mean() - criterion.mean(), tau) @ numbers
    )


def test_partial_credit_averages_over_criteria_and_each_criterion_has_its_own() -> None:
    fit = fitted(PARTIAL)
    item, rater, criterion = (facet.measure for facet in fit.facets)
    numbers = np.arange(5)
    tau = np.array([[one.measure for one in fit.thresholds if one.scale == c] for c in range(3)])
    by_hand = [chances(item.mean() - rater - criterion[c], tau[c]) @ numbers for c in range(3)]
    assert fair_averages(fit, "rater").category == pytest.approx(np.mean(by_hand, axis=0))
    assert fair_averages(fit, "rater", scale=1).category == pytest.approx(by_hand[1])
    own = [
        (chances(np.array([item.mean() - rater.mean() - criterion[c]]), tau[c]) @ numbers)[0]
        for c in range(3)
    ]
    assert fair_averages(fit, "criterion").category == pytest.approx(own)


def test_large_designs_are_read_off_a_grid(monkeypatch) -> None:
    fit = fitted(PARTIAL)
    exact = fair_averages(fit, "item").category
    monkeypatch.setattr(fair, "_CELLS", 10)
    assert fair_averages(fit, "item").category == pytest.approx(exact, abs=1e-4)


def test_names_instead_of_numbers_have_no_score() -> None:
    simulation = made(CROSSED)
    fit = fit_rasch(replace(simulation.ratings, levels=("bad", "poor", "fair", "good")))
    assert fair_averages(fit, "rater").score is None
    assert fair_averages(fit, "rater").category == pytest.approx(
        fair_averages(fitted(CROSSED), "rater").category, abs=1e-6
    )


def test_what_cannot_be_asked() -> None:
    with pytest.raises(Rejected, match="no facet is called"):
        fair_averages(fitted(CROSSED), "colour")
    with pytest.raises(NotEstimable):
        fair_averages(fitted(PARTIAL), "rater", scale="nowhere")
    fit = fitted(CROSSED)
    only_trials = replace(fit, steps=replace(fit.steps, used=np.zeros_like(fit.steps.used)))
    with pytest.raises(NotEstimable, match="category"):
        fair_averages(only_trials, "rater")
