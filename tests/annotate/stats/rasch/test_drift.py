"""Severity by window: nothing where nothing drifts, recovery where it does."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import Codes
from annotate.stats.rasch.drift import find_drift
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, fitted, made

DENSE = {"n_items": 300, "n_raters": 8, "n_windows": 6}
SPARSE = {"n_items": 500, "n_raters": 15, "raters_per_item": 2, "n_criteria": 3, "n_windows": 6}


@pytest.mark.parametrize("estimator", ["eb", "jmle"])
@pytest.mark.parametrize("design", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_drift_is_recovered(design, estimator) -> None:
    """In four draws, as one has 48 or 90 deviations with errors of a third of them: its slope varies by .1.

    Joint estimates stretch the whole scale where ratings are few, by as much as they stretch the thresholds.
    """
    scenario = Scenario(**design, drift_sd=0.4)
    slopes, sds, inside, walked, apart = [], [], [], [], []
    for seed in range(20, 24):
        simulation = made(scenario, seed)
        fit = fitted(scenario, estimator, seed)
        drift = find_drift(fit, simulation.window, ratings=simulation.ratings, times=range(6))
        truth = simulation.truth.severity
        deviation = truth - truth.mean(axis=1, keepdims=True)
        told = np.isfinite(drift.deviation)
        assert told.mean() > 0.95
        assert drift.all_raters.p < 1e-6
        found = np.array([one.measure for one in fit.thresholds])
        stretch = np.polyfit(simulation.truth.thresholds[0], found, 1)[0] if estimator == "jmle" else 1.0
        slopes.append(np.polyfit(deviation[told], drift.deviation[told], 1)[0] / stretch)
        sds.append(drift.walk.step_sd / stretch)
        inside.append(np.abs(drift.walk.mean - truth) < 1.96 * drift.walk.sd)
        walked.append((drift.walk.mean - truth) ** 2)
        apart.append((drift.severity - truth) ** 2)
    assert np.mean(slopes) == pytest.approx(1, abs=0.12)
    assert np.mean(sds) == pytest.approx(0.4, abs=0.12)
    if estimator == "eb":
        assert np.mean(inside) > 0.9
        # Where windows are well observed there is nothing to gain by looking at their neighbours.
        assert np.nanmean(walked) < 1.05 * np.nanmean(apart)


@pytest.mark.parametrize("design", [DENSE, SPARSE])
def test_without_drift_little_is_found(design) -> None:
    scenario = Scenario(**design)
    found = [find_drift(fitted(scenario, "eb", seed), made(scenario, seed).window) for seed in (1, 2, 3)]
    assert np.mean([one.walk.step_sd for one in found]) < 0.1
    assert np.mean([np.nanstd(one.t) for one in found]) == pytest.approx(1, abs=0.12)
    assert min(one.all_raters.p for one in found) > 0.001
    assert sum(int((one.holm < 0.05).sum()) for one in found) <= 1
    assert not any(one.warnings for one in found)


def test_chi_square_is_that_of_the_rater_over_windows() -> None:
    drift = find_drift(fitted(Scenario(**DENSE)), made(Scenario(**DENSE)).window)
    weight = 1 / drift.se**2
    mean = (weight * drift.severity).sum(axis=1) / weight.sum(axis=1)
    by_hand = (weight * (drift.severity - mean[:, None]) ** 2).sum(axis=1)
    assert [one.value for one in drift.per_rater] == pytest.approx(by_hand)
    assert [one.df for one in drift.per_rater] == [5] * 8
    assert drift.all_raters.value == pytest.approx(by_hand.sum())
    assert drift.n.sum() == 2400


def test_windows_without_common_items_are_said() -> None:
    ratings = made(CROSSED).ratings
    apart = Codes(ratings.facets[0].elements.codes // 30, ("May", "June"))
    drift = find_drift(fitted(CROSSED), apart)
    assert drift.n_subsets == 2
    assert drift.shared.tolist() == [0, 0]
    assert len(drift.warnings) == 2
    assert "May, June" in drift.warnings[1]


def test_a_rater_of_one_window_has_no_drift() -> None:
    simulation = made(CROSSED)
    rater = simulation.ratings.facets[1].elements.codes
    window = Codes(np.where(rater == 0, 0, np.arange(len(rater)) % 3), (1, 2, 3))
    drift = find_drift(fitted(CROSSED), window)
    assert drift.per_rater[0] is None
    assert np.isnan(drift.deviation[0]).all()
    assert np.isnan(drift.severity[0]).tolist() == [False, True, True]
    alone = find_drift(fitted(CROSSED), Codes(np.zeros(len(rater), dtype=np.int64), ("only",)))
    assert alone.all_raters is None
    assert alone.warnings == ()


def test_bad_times_and_windows() -> None:
    simulation = made(CROSSED)
    with pytest.raises(Rejected, match="field times"):
        find_drift(fitted(CROSSED), simulation.window, times=[1.0, 2.0])
    with pytest.raises(Rejected, match="field times"):
        find_drift(
            fitted(Scenario(**DENSE)), made(Scenario(**DENSE)).window, times=[0.0, 1.0, 1.0, 2.0, 3.0, 4.0]
        )
    with pytest.raises(Rejected, match="field column"):
        find_drift(fit_rasch(simulation.ratings.where(np.arange(900) < 800)), simulation.window)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_has_it(estimator) -> None:
    simulation = made(CROSSED)
    drift = find_drift(fitted(CROSSED, estimator), Codes(np.arange(900) // 15 % 2, ("odd", "even")))
    assert np.isfinite(drift.severity).all()
    assert drift.elements == simulation.ratings.facets[1].elements.vocab
