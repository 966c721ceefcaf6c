from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.locate import shifts
from annotate.stats.locate.truncated import log_reachable, raised


@pytest.mark.parametrize("length", [1, 2, 3, 5, 9, 30])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_reports_of_a_trace_add_up_to_one_wherever_the_error_is(length: int, kind: int) -> None:
    log_table = log_reachable(shifts.ASSUMED[kind], shifts.ROW, shifts.REACHABLE).reshape(-1)
    report = np.append(np.arange(length), -1)
    for error in range(length + 1):
        cell, sharing = shifts.cells(report, np.full(length + 1, error), np.full(length + 1, length))
        assert np.exp(log_table[cell] - sharing).sum() == pytest.approx(1)


def test_a_table_is_recovered_although_edges_cut_it_off() -> None:
    rng = np.random.default_rng(4)
    truth = shifts.ASSUMED[1]
    n = 60_000
    length = rng.integers(1, 9, n)
    error = rng.integers(0, length + 1)
    log_table = log_reachable(truth, shifts.ROW, shifts.REACHABLE).reshape(-1)
    # Draw each report from its exact distribution.
    chance = np.zeros((n, 10))
    for place in range(-1, 9):
        inside = place < length
        cell, sharing = shifts.cells(np.full(n, place), error, length)
        chance[inside, place + 1] = np.exp(log_table[cell] - sharing)[inside]
    place = (rng.random(n)[:, None] > chance.cumsum(axis=1)).sum(axis=1) - 1
    cell, _ = shifts.cells(place, error, length)
    counts = np.bincount(cell, minlength=shifts.N_CELLS).astype(float)
    counts = counts.reshape(shifts.N_STATES, shifts.N_CATEGORIES)
    prior = 1e-9 * np.ones_like(truth) * (truth > 0)
    table = np.where(truth > 0, 1.0, 0.0) / (truth > 0).sum(axis=1, keepdims=True)
    likelihoods = []
    for _ in range(300):
        log_now = log_reachable(table, shifts.ROW, shifts.REACHABLE)
        likelihoods.append(float((counts * log_now).sum()))
        table = raised(counts, table, prior, shifts.ROW, shifts.REACHABLE)
    assert np.diff(likelihoods).min() > -1e-6
    assert table[1] == pytest.approx(truth[1], abs=0.02)
    assert table[3] == pytest.approx(truth[3], abs=0.02)
