"""Residual correlations by hand, without dependence, and with one that is known."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.rasch.dependence import effective_raters, residual_dependence
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, SPARSE, chances, fitted, thresholds_of

DESIGNS = (
    {"n_items": 300, "n_raters": 8},
    {"n_items": 400, "n_raters": 12, "raters_per_item": 6, "n_criteria": 2},
)


def test_q3_is_the_correlation_of_standardized_residuals() -> None:
    fit = fitted(CROSSED, "jmle")
    ratings = fit.design.ratings
    chance = chances(fit.design.spread(np.nan_to_num(fit.measures)), thresholds_of(fit))
    mean = chance @ np.arange(4)
    z = (ratings.value - mean) / np.sqrt(chance @ np.arange(4) ** 2 - mean**2)
    rater = ratings.facets[1].elements.codes
    found = residual_dependence(fit)
    assert len(found) == 10
    for place in range(10):
        a, b = (z[rater == one[place]] for one in (found.first, found.second))
        assert found.n[place] == len(a)
        assert found.q3[place] == pytest.approx(np.corrcoef(a, b)[0, 1])


def test_jmle_leans_by_minus_one_over_ratings_less_one() -> None:
    # 60 items, 15 ratings each, all about as telling.
    found = residual_dependence(fitted(CROSSED, "jmle"))
    assert found.baseline == pytest.approx(np.full(10, -1 / 14), abs=0.01)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("design", DESIGNS)
def test_independent_raters_lean_as_said(design, estimator) -> None:
    found = [residual_dependence(fitted(Scenario(**design), estimator, seed)) for seed in (1, 2)]
    assert np.mean([one.corrected.mean() for one in found]) == pytest.approx(0, abs=0.015)
    assert np.mean([one.z.std() for one in found]) == pytest.approx(1, abs=0.25)
    assert sum((one.holm < 0.01).sum() for one in found) == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("design", DESIGNS)
def test_three_judges_with_one_model_are_found_out(design, estimator) -> None:
    fit = fitted(Scenario(**design, allies=(0, 1, 2), alliance=0.5), estimator)
    found = residual_dependence(fit)
    allied = (found.first < 3) & (found.second < 3)
    assert found.corrected[allied].min() > found.corrected[~allied].max()
    assert (found.holm[allied] < 0.001).all()
    worth = effective_raters(fit, [0, 1, 2])
    # Normal deviates that correlate by .5 make five categories that correlate by about .45.
    assert worth.correlation == pytest.approx(0.45, abs=0.1)
    assert worth.number == pytest.approx(3 / (1 + 2 * 0.45), abs=0.2)
    assert worth.weight == pytest.approx(worth.number / 3)
    apart = effective_raters(fit, [3, 4, 5])
    assert apart.number > 2.5


def test_only_among_those_named() -> None:
    found = residual_dependence(fitted(CROSSED), among=[1, 3, 4])
    every = residual_dependence(fitted(CROSSED))
    chosen = np.isin(every.first, [1, 3, 4]) & np.isin(every.second, [1, 3, 4])
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(1, 3), (1, 4), (3, 4)]
    assert found.q3 == pytest.approx(every.q3[chosen])
    with pytest.raises(Rejected, match="is no rater"):
        residual_dependence(fitted(CROSSED), among=["nobody"])


def test_what_everybody_shares_cannot_be_seen_and_is_said_so() -> None:
    worth = effective_raters(fitted(Scenario(n_items=100, n_raters=4)), [0, 1, 2, 3])
    assert worth.number is None
    assert worth.reason


def test_raters_who_never_met_have_no_number() -> None:
    fit = fitted(Scenario(n_items=60, n_raters=6, raters_per_item=1))
    assert len(residual_dependence(fit)) == 0
    assert "hardly anything" in (effective_raters(fit, [0, 1]).reason or "")
    few = residual_dependence(fitted(SPARSE))
    assert np.isnan(few.q3[few.n < 10]).all()
    with pytest.raises(Rejected, match="at least two"):
        effective_raters(fit, [0])
