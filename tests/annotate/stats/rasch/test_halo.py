"""Correlations within rating events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.stats.rasch.halo import halo
from annotate.stats.simulate import Scenario
from tests.annotate.stats.rasch.scenes import CROSSED, ESTIMATORS, fitted

DESIGNS = (
    Scenario(n_items=200, n_raters=8, n_criteria=4),
    Scenario(n_items=300, n_raters=15, n_criteria=3, raters_per_item=2),
)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("scenario", DESIGNS)
def test_without_halo_there_is_none_and_with_it_most_of_it_shows(scenario, estimator) -> None:
    none = halo(fitted(scenario, estimator))
    assert none.correlation.mean() == pytest.approx(0, abs=0.03)
    assert (none.correlation / none.se).std() == pytest.approx(1, abs=0.5)
    coloured = halo(fitted(replace(scenario, halo=0.6), estimator))
    # Items swallow what the raters of an item happen to share.
    assert coloured.correlation.mean() > 0.3
    assert coloured.correlation.min() > none.correlation.max()


def test_events_are_counted_and_one_criterion_has_no_halo() -> None:
    assert halo(fitted(CROSSED)).events.tolist() == [60.0] * 5
    single = halo(fitted(Scenario(n_items=60, n_raters=5)))
    assert single.events.tolist() == [0.0] * 5
    assert np.isnan(single.correlation).all()
