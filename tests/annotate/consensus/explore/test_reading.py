from __future__ import annotations

import numpy as np

from annotate.consensus.explore.columns import NOTHING
from annotate.consensus.explore.reading import _believed, _by_error

LEVELS = ("bad", "neutral", "good")
BAD, NEUTRAL, GOOD = range(3)


def test_the_most_probable_status_is_read_off_what_is_lost_from_step_to_step():
    """P(correct) .9, .3, .1: sound, the first error (.6 is lost here), behind it. The other trace is sound."""
    correct = np.array([0.9, 0.3, 0.1, 0.8, 0.7])
    nothing = np.full(5, NOTHING, dtype=np.uint8)

    believed, risk = _believed(
        nothing,
        np.array([0.1, 0.4, 0.3, 0.2, 0.3]),
        correct,
        np.array([0, 0, 0, 1, 1]),
        np.zeros(5, dtype=np.bool_),
        LEVELS,
    )

    assert believed.tolist() == [GOOD, BAD, NOTHING, GOOD, GOOD]
    # A step that is probably behind the error is offered at no risk.
    assert np.isnan(risk).tolist() == [False, False, True, False, False]


def test_levels_that_were_decided_stay_and_steps_behind_have_no_risk():
    level = np.array([NEUTRAL, NOTHING], dtype=np.uint8)

    believed, risk = _believed(
        level,
        np.array([0.1, 0.01]),
        np.array([0.2, 0.1]),
        np.array([0, 0]),
        np.array([False, True]),
        LEVELS,
    )

    assert believed.tolist() == [NEUTRAL, NOTHING]
    assert np.isnan(risk).tolist() == [False, True]


def test_without_soft_targets_nothing_is_inferred():
    level = np.array([NOTHING], dtype=np.uint8)
    believed, risk = _believed(
        level, np.array([0.4]), np.array([np.nan]), np.array([0]), np.array([False]), LEVELS
    )
    assert (believed.tolist(), risk.tolist()) == ([NOTHING], [0.4])


def test_held_against_errors_alone_any_two_levels_but_bad_are_one():
    gold = np.array([NEUTRAL, NEUTRAL, BAD, GOOD, NOTHING], dtype=np.uint8)
    believed = np.array([GOOD, BAD, GOOD, NOTHING, GOOD], dtype=np.uint8)

    assert _by_error(gold, believed, LEVELS).tolist() == [GOOD, NEUTRAL, BAD, GOOD, NOTHING]
