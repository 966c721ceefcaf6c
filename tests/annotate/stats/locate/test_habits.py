from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.locate import habits
from annotate.stats.locate.truncated import log_reachable, raised


@pytest.mark.parametrize("length", [1, 2, 3, 8, 9, 10, 11, 30])
def test_reports_of_a_trace_add_up_to_one(length: int) -> None:
    log_table = log_reachable(habits.ASSUMED[0], habits.ROW, habits.REACHABLE).reshape(-1)
    cell, sharing = habits.cells(np.append(np.arange(length), -1), np.full(length + 1, length))
    assert np.exp(log_table[cell] - sharing).sum() == pytest.approx(1)


def test_first_steps_the_last_and_none_are_told_apart() -> None:
    place = np.array([0, 7, 8, 11, -1, 0])
    cell, sharing = habits.cells(place, np.array([12, 12, 12, 12, 12, 1]))
    category = [0, 7, habits.OTHER, habits.LAST, habits.NONE, habits.LAST]
    assert (cell % habits.N_CATEGORIES).tolist() == category
    assert np.exp(sharing) == pytest.approx([1, 1, 3, 1, 1, 1])


def test_a_habit_is_found_although_short_traces_cut_it_off() -> None:
    rng = np.random.default_rng(5)
    length = rng.integers(1, 15, 30_000)
    # Half of the time the third step, where there is one, else none.
    place = np.where((length > 2) & (rng.random(30_000) < 0.5), 2, -1)
    cell, _ = habits.cells(place, length)
    counts = np.bincount(cell, minlength=habits.N_CELLS).astype(float)
    counts = counts.reshape(habits.N_STATES, habits.N_CATEGORIES)
    table = habits.ASSUMED[0]
    for _ in range(100):
        table = raised(counts, table, 1e-6 * habits.ASSUMED[0], habits.ROW, habits.REACHABLE)
    # Of a trace of three the third step is the last.
    assert table[0, 2] == pytest.approx(table[0, habits.NONE], abs=0.05)
    assert table[0, [0, 1, 5, habits.OTHER]] == pytest.approx(np.zeros(4), abs=1e-3)
