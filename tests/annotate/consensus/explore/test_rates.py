from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.explore.rates import rate_of, rates_of
from annotate.stats.accuracy import wilson_interval


def test_steps_that_do_not_cluster_get_wilsons_interval():
    """Ten traces of one step: there is nothing within a trace to be alike."""
    hit = np.array([1, 0, 0, 1, 0, 0, 0, 0, 0, 0])

    found = rate_of(hit, np.ones(10, dtype=np.int64))

    assert (found.k, found.n, found.traces, found.value) == (2, 10, 10, 0.2)
    # Two of ten, one by one, have a design effect of 10/9.
    assert (found.low, found.high) == pytest.approx(wilson_interval(2, 10), abs=0.03)


def test_traces_that_are_all_right_or_all_wrong_count_as_one_step_each():
    hit, seen = np.array([8, 0, 0, 8, 0, 0, 0, 0, 0, 0]), np.full(10, 8)

    found = rate_of(hit, seen)

    assert found.n == 80
    low, high = wilson_interval(2, 10)
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.04)


def test_nothing_wrong_anywhere_is_no_certainty():
    """A trace counts as one observation, since nothing shows how errors would cluster."""
    found = rate_of(np.zeros(20, dtype=np.int64), np.full(20, 50))

    assert found.low == 0.0
    assert found.high == pytest.approx(wilson_interval(0, 20)[1])


def test_a_column_without_hits_borrows_what_the_fullest_one_shows():
    rng = np.random.default_rng(1)
    seen = np.full(200, 5)
    full = rng.binomial(5, 0.1, 200)
    hit = np.stack([np.zeros(200, dtype=np.int64), full], axis=1)

    none, some = rates_of(hit, np.stack([seen, 2 * seen], axis=1))

    assert none.k == 0
    assert none.high is not None
    # A thousand steps, hardly alike: far from what 200 observations would allow.
    assert none.high < 0.6 * wilson_interval(0, 200)[1]
    assert some.low < some.value < some.high


def test_no_step_is_no_number():
    found = rate_of(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64))

    assert (found.value, found.low, found.high, found.traces) == (None, None, None, 0)


def test_intervals_hold_as_often_as_they_say():
    """1,000 made-up samples of 60 traces whose errors cluster; the true share is 0.1."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        chance = rng.beta(0.5, 4.5, 60)
        found = rate_of(rng.binomial(8, chance), np.full(60, 8))
        held += found.low <= 0.1 <= found.high
    assert 930 <= held <= 985
