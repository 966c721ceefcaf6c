"""Every diagnostic looks at unusual ratings without a warning: counts, weights, anchors, ends, more facets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.codes import Codes
from annotate.stats.rasch.bands import fit_bands
from annotate.stats.rasch.bias import find_bias
from annotate.stats.rasch.categories import category_curves, category_use
from annotate.stats.rasch.dependence import effective_raters, residual_dependence
from annotate.stats.rasch.drift import find_drift
from annotate.stats.rasch.fair import fair_averages
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.rater_agreement import rater_agreement
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.rasch.ruler import ruler
from annotate.stats.rasch.surprises import surprises
from annotate.stats.rasch.verdicts import verdicts
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, made


def counts() -> Ratings:
    """Every fourth rating is a number of successes in six trials."""
    ratings = made(CROSSED).ratings
    return replace(ratings, trials=np.where(np.arange(len(ratings)) % 4 == 0, 6, 0))


def weights() -> Ratings:
    ratings = made(CROSSED).ratings
    weight = np.random.default_rng(1).uniform(0.2, 2.0, len(ratings))
    weight[::50] = 0.0
    return replace(ratings, weight=weight)


def anchors() -> Ratings:
    item, rater, criterion = made(CROSSED).ratings.facets
    known = Facet.of("rater", rater.elements, anchors={0: 0.1, 3: -0.4})
    return replace(made(CROSSED).ratings, facets=(item, known, criterion))


def own_thresholds() -> Ratings:
    scenario = replace(CROSSED, n_raters=4, thresholds_by="rater", threshold_sd=0.3)
    ratings = made(scenario).ratings
    # One rater leaves the lowest category out, another the one in the middle.
    rater = ratings.facets[1].elements.codes
    value = np.where(rater == 1, np.maximum(ratings.value, 1), ratings.value)
    return replace(ratings, value=np.where((rater == 2) & (value == 2), 3, value))


def more_facets() -> Ratings:
    ratings = made(CROSSED).ratings
    order = Facet.of("order", Codes(np.arange(len(ratings)) % 4, tuple("abcd")), is_random=False)
    return replace(ratings, facets=(*ratings.facets, order))


def ends() -> Ratings:
    """An item and a rater with nothing but the highest, an item with nothing but the lowest."""
    ratings = made(replace(CROSSED, n_raters=6)).ratings
    item, rater = (facet.elements.codes for facet in ratings.facets[:2])
    value = np.where((item == 3) | (rater == 5), 3, ratings.value)
    return replace(ratings, value=np.where((item == 8) & (rater != 5), 0, value))


def two_categories() -> Ratings:
    return made(Scenario(n_items=80, n_raters=6, n_criteria=2, n_categories=2)).ratings


SCENES = (counts, weights, anchors, own_thresholds, more_facets, ends, two_categories)


@pytest.mark.parametrize(
    ("make", "estimator"),
    # mml takes no anchors, and a rater with nothing but the highest runs away from it for half a minute.
    [(make, one) for make in SCENES for one in ESTIMATORS if one != "mml" or make not in (anchors, ends)],
)
def test_everything_answers(make: Callable[[], Ratings], estimator) -> None:
    ratings = make()
    fit = fit_rasch(ratings, estimator=estimator)
    window = Codes(np.arange(len(ratings)) % 3, (1, 2, 3))
    drift = find_drift(fit, window, ratings=ratings)
    n_raters = len(ratings.facet("rater"))
    assert len(verdicts(fit, ratings=ratings, drift=drift)) == n_raters
    bias = find_bias(fit, "rater", "criterion", ratings=ratings)
    told = np.isfinite(bias.size)
    assert told.any()
    assert np.isfinite(bias.effect[told]).all()
    assert len(residual_dependence(fit, ratings=ratings)) > 0
    assert effective_raters(fit, [0, 1], ratings=ratings).m == 2
    agreement = rater_agreement(fit, ratings=ratings)
    assert agreement.all_observed == pytest.approx(agreement.all_expected, abs=0.15)
    for facet in ratings.facets:
        fair = fair_averages(fit, facet.name).category
        assert ((fair >= 0) & (fair <= ratings.n_categories - 1) | np.isnan(fair)).all()
        bands = fit_bands(fit, facet.name, seed=1, replicates=20, ratings=ratings)
        known = np.isfinite(bands.infit_low)
        assert (bands.infit_low[known] <= bands.infit_high[known]).all()
    uses = category_use(fit, ratings=ratings)
    assert len(uses) == len(ratings.scale.vocab)
    assert category_curves(fit).probability.shape == (121, ratings.n_categories)
    assert len(surprises(fit, n=5, ratings=ratings)) == 5
    assert len(ruler(fit).rows) == len(ratings.facets)
