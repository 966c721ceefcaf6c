from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.locate.audit import audit_sample, audited_error


def test_the_estimate_is_unbiased_and_its_interval_covers() -> None:
    rng = np.random.default_rng(2)
    trace = np.repeat(np.arange(4000), 5)
    wrong = np.repeat(rng.random(4000) < 0.02, 5) & (rng.random(20_000) < 0.7)
    truth = wrong.mean()
    estimates, covered = [], 0
    for seed in range(200):
        seen = audit_sample(4000, share=0.05, seed=seed)[trace]
        found = audited_error(trace[seen], wrong[seen], share=0.05, n_kept=len(trace))
        assert found.error is not None
        assert found.low is not None
        assert found.high is not None
        estimates.append(found.error)
        covered += found.low <= truth <= found.high
    assert np.mean(estimates) == pytest.approx(truth, abs=3 * np.std(estimates) / 200**0.5)
    assert covered > 180


def test_nothing_wrong_in_few_traces_is_no_proof() -> None:
    found = audited_error(
        np.repeat(np.arange(30), 10), np.zeros(300, dtype=np.bool_), share=0.03, n_kept=9000
    )
    assert found.error == 0
    assert found.high is not None
    assert found.high > 0.1


def test_without_an_audited_step_there_is_no_estimate() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = audited_error(none, none.astype(bool), share=0.03, n_kept=10)
    assert (found.error, found.reason) == (None, "no kept step was audited")


def test_the_seed_settles_the_sample() -> None:
    assert (audit_sample(500, seed=1) == audit_sample(500, seed=1)).all()
    assert (audit_sample(500, seed=1) != audit_sample(500, seed=2)).any()
    with pytest.raises(Rejected, match="share"):
        audit_sample(10, share=0.2, seed=1)
