"""Measures that are known come out of sparse ratings; `bench_recovery` does the same with more replications."""

from __future__ import annotations

from functools import cache

import pytest

from tests.benchmarks.bench_recovery import DESIGNS, Recovery, recovery_of

SPARSE = [name for name in DESIGNS if "same" not in name]


@cache
def found(name: str) -> Recovery:
    return recovery_of(DESIGNS[name], 12)


@pytest.mark.parametrize("name", SPARSE)
def test_measures_and_their_errors_are_right(name: str) -> None:
    # 12 replications leave .02 of noise in the slope and .015 in the coverage.
    assert found(name).converged == 1
    assert found(name).slope == pytest.approx(1, abs=0.05)
    assert found(name).items_covered == pytest.approx(0.95, abs=0.025)
    assert found(name).raters_covered == pytest.approx(0.95, abs=0.035)
    assert found(name).reliability == pytest.approx(found(name).true_reliability, abs=0.05)


def test_identical_raters_are_not_told_apart() -> None:
    identical = recovery_of(DESIGNS["300 items, 60 raters who are all the same"], 12)
    assert identical.reliability < 0.2
    assert identical.rater_rmse < 0.1


def test_joint_estimates_are_stretched_and_too_sure_of_themselves() -> None:
    name = "300 items, 60 raters, 1 criterion, 3 each"
    joint = recovery_of(DESIGNS[name], 4, "jmle")
    assert joint.slope > 1.5
    assert joint.raters_covered < 0.85
    assert joint.rater_rmse > 1.8 * found(name).rater_rmse
