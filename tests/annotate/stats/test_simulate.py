"""Made-up ratings follow the model they say they follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.simulate import Scenario, simulate_ratings

CROSSED = Scenario(n_items=300, n_raters=8, n_criteria=3)


def test_means_are_those_of_the_model() -> None:
    made = simulate_ratings(replace(CROSSED, n_categories=2), seed=3)
    item, rater, criterion = (facet.elements.codes for facet in made.ratings.facets)
    truth = made.truth
    chance = 1 / (1 + np.exp(-(truth.items[item] - truth.raters[rater] - truth.criteria[criterion])))
    gap = made.ratings.value - chance
    assert abs(gap.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
    assert abs((gap * (chance - chance.mean())).sum()) < 4 * np.sqrt(
        (chance * (1 - chance) * (chance - chance.mean()) ** 2).sum()
    )


def test_every_item_is_rated_as_often_as_asked_and_by_different_raters() -> None:
    for scenario in (
        Scenario(n_items=50, n_raters=9, raters_per_item=3),
        Scenario(n_items=3000, n_raters=2000, raters_per_item=3),
    ):
        made = simulate_ratings(scenario, seed=5)
        item, rater = (facet.elements.codes for facet in made.ratings.facets)
        assert np.bincount(item).tolist() == [3] * scenario.n_items
        assert len(set(zip(item.tolist(), rater.tolist(), strict=True))) == len(made.ratings)


def test_the_same_seed_makes_the_same() -> None:
    one, again, other = (simulate_ratings(CROSSED, seed=seed) for seed in (1, 1, 2))
    assert (one.ratings.value == again.ratings.value).all()
    assert (one.ratings.value != other.ratings.value).any()


def test_guessers_allies_machines_and_drift() -> None:
    scenario = replace(
        CROSSED,
        guessers=(0,),
        allies=(1, 2),
        alliance=0.9,
        n_machines=2,
        machine_mean=1.5,
        n_windows=4,
        drift_sd=0.3,
    )
    made = simulate_ratings(scenario, seed=2)
    rater = made.ratings.facets[1].elements.codes
    shares = np.bincount(made.ratings.value[rater == 0], minlength=5) / (rater == 0).sum()
    assert shares == pytest.approx(np.full(5, 0.2), abs=0.05)
    same = made.ratings.value[rater == 1] == made.ratings.value[rater == 2]
    apart = made.ratings.value[rater == 1] == made.ratings.value[rater == 3]
    assert same.mean() > apart.mean() + 0.2
    assert made.truth.is_machine.tolist() == [False] * 6 + [True] * 2
    assert made.truth.raters[6:].mean() > made.truth.raters[:6].mean()
    assert np.diff(made.truth.severity, axis=1).std() == pytest.approx(0.3, abs=0.12)
    assert made.window.vocab == (0, 1, 2, 3)
    assert made.truth.raters.mean() == pytest.approx(0, abs=1e-12)


def test_thresholds_per_criterion() -> None:
    made = simulate_ratings(
        replace(CROSSED, thresholds_by="criterion", threshold_sd=0.5, thresholds=(-2, -1, 1, 2)), seed=4
    )
    assert made.truth.thresholds.shape == (3, 4)
    assert made.truth.thresholds.sum(axis=1) == pytest.approx(np.zeros(3), abs=1e-12)
    assert made.ratings.scale.vocab == (0, 1, 2)


def test_impossible_scenarios_are_refused() -> None:
    with pytest.raises(Rejected, match="raters_per_item"):
        simulate_ratings(replace(CROSSED, raters_per_item=9), seed=0)
    with pytest.raises(Rejected, match="thresholds"):
        simulate_ratings(replace(CROSSED, thresholds=(0.0, 1.0)), seed=0)
