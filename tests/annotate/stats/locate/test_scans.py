from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.scans import (
    ASSUMED,
    BEYOND,
    ERROR,
    FIRST,
    FLAGS,
    LAST,
    N_ROWS,
    NEXT,
    PASSES,
    WITHIN,
    Walks,
)

ROWS = dict.fromkeys((FIRST, WITHIN, LAST, ERROR, NEXT, BEYOND), 0)


def walk(place: int, error: int, length: int) -> tuple[dict[int, int], int]:
    """Steps passed by row, and the row of what was flagged."""
    found = Walks.of(np.array([place]), np.array([error]), np.array([length]))
    return dict(enumerate(found.passed[:, 0].tolist())), int(found.flagged[0])


@pytest.mark.parametrize(
    ("place", "error", "length", "passed", "flagged"),
    [
        (0, 3, 6, {}, FIRST),
        (2, 3, 6, {FIRST: 1, WITHIN: 1}, WITHIN),
        (3, 3, 6, {FIRST: 1, WITHIN: 2}, ERROR),
        (4, 3, 6, {FIRST: 1, WITHIN: 2, ERROR: 1}, NEXT),
        (5, 1, 6, {FIRST: 1, ERROR: 1, NEXT: 1, BEYOND: 2}, BEYOND),
        (-1, 3, 6, {FIRST: 1, WITHIN: 2, ERROR: 1, NEXT: 1, BEYOND: 1}, N_ROWS),
        (-1, 5, 6, {FIRST: 1, WITHIN: 4, ERROR: 1}, N_ROWS),
        (0, 0, 6, {}, ERROR),
        (1, 0, 6, {ERROR: 1}, NEXT),
        (5, 6, 6, {FIRST: 1, WITHIN: 4}, LAST),
        (-1, 6, 6, {FIRST: 1, WITHIN: 4, LAST: 1}, N_ROWS),
        (-1, 1, 1, {FIRST: 1}, N_ROWS),
        (0, 1, 1, {}, FIRST),
        (-1, 2, 2, {FIRST: 1, LAST: 1}, N_ROWS),
    ],
)
def test_a_walk_passes_every_step_before_the_one_that_is_flagged(
    place: int, error: int, length: int, passed: dict[int, int], flagged: int
) -> None:
    assert walk(place, error, length) == (ROWS | passed, flagged)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 30])
def test_reports_of_a_trace_add_up_to_one_wherever_the_error_is(length: int) -> None:
    report = np.append(np.arange(length), -1)
    for error in range(length + 1):
        walks = Walks.of(report, np.full(length + 1, error), np.full(length + 1, length))
        for kind in range(len(ASSUMED)):
            assert np.exp(walks.scored(ASSUMED, np.full(length + 1, kind))).sum() == pytest.approx(1)


def scans(rates: FloatArray, error: IntArray, length: IntArray, rng: np.random.Generator) -> IntArray:
    """Reports step by step, as a reader with these rates of flagging walks."""
    places = []
    for e, m in zip(error.tolist(), length.tolist(), strict=True):
        place = -1
        for step in range(m):
            ahead = FIRST if step == 0 else LAST if step == m - 1 else WITHIN
            row = ahead if step < e else min(ERROR + step - e, BEYOND)
            if rng.random() < rates[row]:
                place = step
                break
        places.append(place)
    return np.array(places)


def test_rates_are_recovered_from_what_was_passed_and_flagged() -> None:
    rng = np.random.default_rng(3)
    rates = np.array([0.08, 0.03, 0.12, 0.7, 0.5, 0.25])
    length = rng.integers(1, 12, 20_000)
    error = rng.integers(0, length + 1)
    walks = Walks.of(scans(rates, error, length, rng), error, length)

    counts = walks.counted(np.zeros(20_000, dtype=np.int64), np.ones(20_000), 1)[0]

    assert counts[:, FLAGS] / counts.sum(axis=1) == pytest.approx(rates, abs=0.02)
    assert counts[ERROR].sum() > counts[ERROR, PASSES] > 0
