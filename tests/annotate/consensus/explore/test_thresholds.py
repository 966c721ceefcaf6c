from __future__ import annotations

import pytest

from annotate.consensus.explore.thresholds import USUAL, place_of, thresholds_with


def test_the_runs_own_risk_is_among_them_once():
    assert thresholds_with([0.0333])[USUAL.index(0.03) + 1] == 0.0333
    assert thresholds_with([1 - 0.95]) == USUAL


@pytest.mark.parametrize(
    ("risk", "found"), [(0.05, 0.05), (1 - 0.95, 0.05), (0.049, 0.04), (7.0, 1.0), (-1.0, 0.0)]
)
def test_nobody_is_given_more_risk_than_they_asked_for(risk, found):
    assert USUAL[place_of(risk, USUAL)] == found
