from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.locate.fit import locate
from annotate.stats.locate.shares import PRIOR, ROLLOUTS, ledger
from tests.benchmarks.made.signals import World, made

ONE = made(World(n_traces=400), seed=31)
FIT = locate(ONE.evidence)


@pytest.mark.parametrize("trace", [0, 7, 123])
def test_a_ledger_adds_up_to_what_is_believed(trace: int) -> None:
    found = ledger(FIT, ONE.evidence, trace)
    chance = FIT.posterior(ONE.evidence.without_gold()).of(trace)
    odds = np.sort(np.log(chance))[::-1]
    assert found.log_odds.sum() == pytest.approx(odds[0] - odds[1])
    assert found.share.sum() == pytest.approx(1)
    assert found.correct == pytest.approx(1 - np.cumsum(chance)[:-1], abs=1e-9)
    assert found.signal[:2].tolist() == [PRIOR, ROLLOUTS]


def test_without_a_signal_is_what_would_be_believed_had_it_been_silent() -> None:
    trace = 5
    found = ledger(FIT, ONE.evidence, trace)
    rollouts = ONE.evidence.rollouts
    from dataclasses import replace

    silent = replace(ONE.evidence, rollouts=rollouts.take(rollouts.trace != trace)).without_gold()
    chance = FIT.posterior(silent).of(trace)
    assert found.without()[1] == pytest.approx(1 - np.cumsum(chance)[:-1], abs=1e-9)


def test_a_trace_that_is_not_there_is_refused() -> None:
    with pytest.raises(Rejected, match="no such trace"):
        ledger(FIT, ONE.evidence, 400)
