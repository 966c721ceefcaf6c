"""Slopes are those of the whole pass, with numba and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.rasch.compiled import PLAIN
from annotate.stats.rasch.held import Held
from annotate.stats.rasch.moments import moments
from annotate.stats.rasch.slopes import Slopes
from tests.annotate.stats.rasch.scenes import CROSSED, fitted


@pytest.mark.parametrize("plain", ["0", "1"])
@pytest.mark.parametrize("estimator", ["eb", "jmle"])
def test_as_in_the_whole_pass(estimator, plain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAIN, plain)
    held = Held.of(fitted(CROSSED, estimator))
    trials = held.ratings.trials.copy()
    trials[::7] = 4
    ratings = replace(held.ratings, trials=trials)
    found = Slopes.of(ratings, held.eta, held.steps, held.variance)
    whole = moments(ratings, held.eta, held.steps, held.variance)
    assert found.residual == pytest.approx(whole.residual)
    assert found.variance == pytest.approx(whole.variance)
    assert np.isfinite(found.variance).all()
