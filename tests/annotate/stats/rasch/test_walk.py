"""Random walks against the system of equations they solve, and recovery of the size of a step."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.walk import smooth


def walks(n_raters: int, n_windows: int, step: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, step, (n_raters, n_windows)).cumsum(axis=1) + rng.normal(0, 2, (n_raters, 1))
    variance = rng.uniform(0.02, 0.3, truth.shape)
    return truth, rng.normal(truth, np.sqrt(variance)), variance


def test_the_posterior_is_that_of_the_tridiagonal_system() -> None:
    _, seen, variance = walks(1, 7, 0.4, seed=1)
    seen[0, [2, 3]] = np.nan
    time = np.array([0.0, 1, 2, 4, 5, 7, 8])
    found = smooth(seen, variance, time, step_sd=0.4)
    weight = np.where(np.isfinite(seen[0]), 1 / variance[0], 0.0)
    link = 1 / (0.4**2 * np.diff(time))
    precision = np.diag(weight)
    for t, one in enumerate(link):
        precision[t : t + 2, t : t + 2] += one * np.array([[1, -1], [-1, 1]])
    covariance = np.linalg.inv(precision)
    assert found.mean[0] == pytest.approx(covariance @ (weight * np.nan_to_num(seen[0])))
    assert found.sd[0] == pytest.approx(np.sqrt(np.diag(covariance)))


@pytest.mark.parametrize("step", [0.15, 0.5])
def test_the_size_of_a_step_is_recovered_and_intervals_cover(step: float) -> None:
    truth, seen, variance = walks(200, 8, step, seed=2)
    found = smooth(seen, variance, np.arange(8.0))
    assert found.step_sd == pytest.approx(step, rel=0.1)
    assert np.mean(np.abs(found.mean - truth) < 1.96 * found.sd) == pytest.approx(0.95, abs=0.02)
    assert ((found.mean - truth) ** 2).mean() < ((seen - truth) ** 2).mean()


def test_standing_still_is_the_weighted_mean() -> None:
    _, seen, variance = walks(3, 5, 0.0, seed=3)
    found = smooth(seen, variance, np.arange(5.0), step_sd=0.0)
    mean = (seen / variance).sum(axis=1) / (1 / variance).sum(axis=1)
    assert found.mean == pytest.approx(np.repeat(mean[:, None], 5, axis=1))
    assert found.sd[:, 0] == pytest.approx(1 / np.sqrt((1 / variance).sum(axis=1)))


def test_outside_of_what_was_seen_nothing_is_said() -> None:
    seen = np.array([[np.nan, 1.0, np.nan, 2.0, np.nan], [np.nan] * 5])
    found = smooth(seen, np.ones((2, 5)), np.arange(5.0), step_sd=0.3)
    assert np.isfinite(found.mean).tolist() == [[False, True, True, True, False], [False] * 5]
