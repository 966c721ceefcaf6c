from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.locate.layout import Layout
from annotate.stats.locate.trust import fitted_trust


def test_a_channel_that_exaggerates_is_turned_down() -> None:
    rng = np.random.default_rng(3)
    layout = Layout.of(np.full(3000, 3))
    score = rng.normal(0, 1, layout.n_places)
    chance, _ = layout.normalised(score)
    drawn = (rng.random(3000)[:, None] > chance.reshape(-1, 4).cumsum(axis=1)).sum(axis=1)
    truth = layout.start[:-1] + np.minimum(drawn, 3)
    assert fitted_trust(score[None] * 3, layout, truth)[0] == pytest.approx(1 / 3, abs=0.05)
    assert fitted_trust(score[None], layout, truth)[0] == pytest.approx(1, abs=0.1)


def test_few_answers_leave_trust_near_one() -> None:
    layout = Layout.of(np.full(3, 3))
    channels = np.random.default_rng(1).normal(0, 2, (2, layout.n_places))
    assert fitted_trust(channels, layout, layout.start[:-1]) == pytest.approx([1, 1], abs=0.3)
