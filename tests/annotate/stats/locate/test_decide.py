from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.locate.decide import ASK, BEHIND, DROP, FIRST_ERROR, GOOD, KEEP, decide, true_statuses
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.result import LocationPosterior


def believed(*chances: float) -> LocationPosterior:
    return LocationPosterior(Layout.of(np.array([len(chances) - 1])), np.array(chances))


def test_thresholds_choose_what_happens() -> None:
    found = decide(believed(0.0, 0.01, 0.6, 0.39, 0.0), keep_below=0.02, drop_above=0.35)
    assert found.status.tolist() == [GOOD, GOOD, FIRST_ERROR, BEHIND]
    assert found.risk == pytest.approx([0.0, 0.01, 0.4, 0.39])
    assert found.action.tolist() == [KEEP, KEEP, DROP, DROP]


def test_steps_surely_behind_the_error_are_dropped_and_doubtful_ones_asked_about() -> None:
    found = decide(believed(1.0, 0.0, 0.0), keep_below=0.02)
    assert (found.status.tolist(), found.action.tolist()) == ([FIRST_ERROR, BEHIND], [KEEP, DROP])
    assert decide(believed(0.5, 0.0, 0.5)).action.tolist() == [ASK, ASK]


def test_true_statuses() -> None:
    posterior = LocationPosterior(Layout.of(np.array([3, 2])), np.array([1, 0, 0, 0, 1, 0, 0.0]))
    found = true_statuses(posterior, np.array([1, -1]))
    assert found.tolist() == [GOOD, FIRST_ERROR, BEHIND, GOOD, GOOD]


def test_crossed_thresholds_are_refused() -> None:
    with pytest.raises(Rejected, match="keep_below"):
        decide(believed(0.5, 0.5), keep_below=0.5, drop_above=0.1)
