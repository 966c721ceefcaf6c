from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, IntArray
from annotate.stats.locate.audit import audit_sample, audited_error


def corpus(rng: np.random.Generator, alike: bool) -> tuple[IntArray, BoolArray]:
    """Traces of 3 to 11 steps; about 3 % of the steps are wrong, one by one or all of a trace together."""
    size = rng.integers(3, 12, 4000)
    trace = np.repeat(np.arange(4000), size)
    if alike:
        return trace, np.repeat(rng.random(4000) < 0.04, size) & (rng.random(len(trace)) < 0.7)
    return trace, rng.random(len(trace)) < 0.03


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("n_read", [10, 60])
def test_the_estimate_is_the_error_whatever_is_left_open_and_its_interval_covers(
    alike: bool, n_read: int
) -> None:
    rng = np.random.default_rng(2)
    trace, wrong = corpus(rng, alike)
    is_open = rng.random(len(trace)) < 0.3
    truth, n, errors, covered = float(wrong.mean()), 200, [], 0
    for _ in range(n):
        seen = np.isin(trace, rng.choice(4000, n_read, replace=False))
        found = audited_error(trace[seen], wrong[seen], is_open[seen])
        assert found.error is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.error <= found.high
        errors.append(found.error)
        covered += found.low <= truth <= found.high
    assert np.mean(errors) == pytest.approx(truth, abs=3 * np.std(errors) / n**0.5)
    assert covered >= 0.94 * n


def test_where_just_the_wrong_are_left_open_the_widest_limits_cover() -> None:
    rng = np.random.default_rng(3)
    trace, wrong = corpus(rng, alike=True)
    is_open = wrong & (rng.random(len(trace)) < 0.8)
    truth, covered, between = float(wrong.mean()), 0, 0
    for seed in range(200):
        seen = audit_sample(4000, share=0.05, seed=seed)[trace]
        found = audited_error(trace[seen], wrong[seen], is_open[seen])
        assert found.least is not None
        assert found.most is not None
        covered += found.least <= truth <= found.most
        assert found.low is not None
        assert found.high is not None
        between += found.low <= truth <= found.high
    assert between < 20
    assert covered > 190


def test_the_estimate_is_a_share_that_lies_in_its_interval() -> None:
    found = audited_error(np.zeros(20, dtype=np.int64), np.ones(20, dtype=np.bool_))
    assert found.error == found.high == found.most == 1
    assert found.low is not None
    assert found.low < 0.1


def test_nothing_wrong_in_few_traces_is_no_proof() -> None:
    found = audited_error(np.repeat(np.arange(30), 10), np.zeros(300, dtype=np.bool_))
    assert found.error == 0
    assert found.high is not None
    assert found.high > 0.1
    assert (found.least, found.most) == (0, found.high)


def test_without_an_answered_step_there_is_no_estimate() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = audited_error(none, none.astype(bool))
    assert (found.error, found.reason) == (None, "no kept step was audited")
    found = audited_error(np.array([0, 0, 1]), np.zeros(3, dtype=np.bool_), np.ones(3, dtype=np.bool_))
    assert (found.error, found.n_steps, found.n_open) == (None, 0, 3)
    assert found.reason == "every kept step that was audited was left open"
    with pytest.raises(Rejected, match="different lengths"):
        audited_error(np.array([0]), none.astype(bool))


def test_the_seed_settles_the_sample() -> None:
    assert (audit_sample(500, seed=1) == audit_sample(500, seed=1)).all()
    assert (audit_sample(500, seed=1) != audit_sample(500, seed=2)).any()
    with pytest.raises(Rejected, match="share"):
        audit_sample(10, share=0.2, seed=1)
