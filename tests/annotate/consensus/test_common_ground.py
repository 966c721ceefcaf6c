from __future__ import annotations

import numpy as np
import pytest

from annotate.consensus.columns import Columns
from annotate.consensus.common_ground import agreement_z, gold_z, lacks_ground
from tests.annotate.consensus.policies.evidence import VERDICT


def columns_of(rows, known=None) -> Columns:
    columns = Columns(VERDICT.levels, known=known or {})
    for step, row in enumerate(rows):
        columns.add(step, {rater: VERDICT.levels[level] for rater, level in enumerate(row)})
    return columns


def test_agreement_by_hand():
    # shares 1/2: d = 2 (1 - 1/2) = 1 where two agree, -1 where they differ; (3 - 1) / sqrt(4)
    columns = columns_of([(2, 2), (0, 0), (2, 2), (2, 0), (0, 2), (0, 0)])

    assert agreement_z(columns) == pytest.approx((4 - 2) / np.sqrt(6))
    assert agreement_z(columns_of([(0,), (2,)])) == 0


def test_chance_has_no_ground_and_agreement_has():
    rng = np.random.default_rng(1)
    guesses = rng.integers(0, 3, (400, 3))
    truth = rng.integers(0, 3, 400)
    noisy = np.where(rng.random((400, 3)) < 0.6, truth[:, None], guesses)

    assert "by chance" in lacks_ground(columns_of(guesses), 10)
    assert lacks_ground(columns_of(noisy), 10) == ""
    assert "Every label is the same" in lacks_ground(columns_of([(2, 2)] * 50), 10)


def test_that_relatives_agree_is_no_ground():
    rng = np.random.default_rng(2)
    voice, guess = rng.integers(0, 3, (2, 400))
    columns = columns_of(np.stack([voice, voice, guess], axis=1))

    assert lacks_ground(columns, 10) == ""
    assert "by chance" in lacks_ground(columns, 10, {0: "qwen", 1: "qwen"})
    assert agreement_z(columns, {0: "qwen", 1: "qwen", 2: "qwen"}) == 0


def test_known_answers_are_ground_even_for_who_has_them_the_wrong_way_round():
    truth = [0, 2] * 10
    columns = columns_of([(2 - level,) for level in truth], dict(enumerate(truth)))

    assert gold_z(columns, 10) == [pytest.approx(-np.sqrt(20))]
    assert lacks_ground(columns, 10) == ""
    assert lacks_ground(columns, 21) != ""
