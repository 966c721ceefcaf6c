"""Expected bands of mean squares hold what they say they hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.bands import fit_bands
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.fit_statistics import FitOptions, standardized
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, SPARSE, fitted, made


def test_by_formula_the_ends_have_the_z_they_are_made_of() -> None:
    fit = fitted(CROSSED)
    rater = fit.facet("rater")
    bands = fit_bands(fit, "rater", seed=1, level=0.9)
    plain = FitOptions(capped=False)
    q = np.sqrt(2 / rater.infit_df)
    assert standardized(bands.infit_low, q, plain) == pytest.approx(np.full(5, -1.644854), abs=1e-5)
    assert standardized(bands.infit_high, q, plain) == pytest.approx(np.full(5, 1.644854), abs=1e-5)
    assert not bands.is_simulated.any()
    assert bands.replicates == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_bootstrap_and_formula_agree_where_ratings_are_many(estimator) -> None:
    fit = fitted(CROSSED, estimator)
    formula = fit_bands(fit, "rater", seed=1, few=0)
    simulated = fit_bands(fit, "rater", seed=1, few=1000, replicates=500)
    assert simulated.is_simulated.all()
    for name in ("infit_low", "infit_high", "outfit_low", "outfit_high"):
        assert getattr(simulated, name) == pytest.approx(getattr(formula, name), abs=0.05)


@pytest.mark.parametrize("estimator", ["eb", "jmle"])
def test_items_that_follow_the_model_fall_inside(estimator) -> None:
    outside, n = 0, 0
    for seed in (1, 2):
        fit = fitted(Scenario(n_items=150, n_raters=12), estimator, seed)
        bands = fit_bands(fit, "item", seed=seed, replicates=300)
        item = fit.facet("item")
        told = bands.is_simulated
        outside += int(((item.infit < bands.infit_low) | (item.infit > bands.infit_high))[told].sum())
        n += int(told.sum())
    # Measures are estimated from the ratings that are tested, which leaves them less room.
    assert 0.01 < outside / n < 0.1


def test_the_same_seed_and_only_some() -> None:
    fit = fitted(SPARSE)
    one, again = (fit_bands(fit, "item", seed=3, replicates=50, only=[4, 9]) for _ in range(2))
    assert np.flatnonzero(one.is_simulated).tolist() == [4, 9]
    assert one.outfit_high == pytest.approx(again.outfit_high)
    assert one.replicates == 50


def test_extremes_have_no_band() -> None:
    ratings = made(CROSSED).ratings
    item = ratings.facets[0].elements.codes
    fit = fit_rasch(replace(ratings, value=np.where(item == 7, 3, ratings.value)), estimator="jmle")
    bands = fit_bands(fit, "item", seed=1, replicates=20)
    assert np.isnan(bands.infit_low[7])
    assert not bands.is_simulated[7]


def test_what_cannot_be_asked() -> None:
    with pytest.raises(Rejected, match="field level"):
        fit_bands(fitted(CROSSED), "rater", seed=1, level=1.0)
    with pytest.raises(Rejected, match="field replicates"):
        fit_bands(fitted(CROSSED), "rater", seed=1, replicates=0)
    with pytest.raises(Rejected, match="no facet"):
        fit_bands(fitted(CROSSED), "colour", seed=1)
