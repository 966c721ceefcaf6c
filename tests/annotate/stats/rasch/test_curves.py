"""Probabilities along the axis, and where they pass a target."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.rasch.curves import expected, probabilities, where_rising
from tests.annotate.stats.rasch.scenes import CROSSED, chances, fitted, thresholds_of


def test_probabilities_are_the_models() -> None:
    fit = fitted(CROSSED)
    eta = np.array([-3.0, 0.2, 5.0])
    assert probabilities(fit.steps, eta)[0] == pytest.approx(chances(eta, thresholds_of(fit)))
    assert expected(fit.steps, eta)[0] == pytest.approx(chances(eta, thresholds_of(fit)) @ np.arange(4))


def test_where_rising_finds_the_place_or_says_there_is_none() -> None:
    found = where_rising(np.tanh, np.array([0.0, 0.5, 2.0, np.nan]))
    assert found == pytest.approx([0.0, np.arctanh(0.5), np.nan, np.nan], nan_ok=True, abs=1e-9)
