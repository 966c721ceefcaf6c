from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.processbench import (
    Answer,
    best_threshold,
    first_below,
    harmonic,
    processbench_score,
    subset_of,
)


def answers(subset: str, *pairs: tuple[int, int | None]) -> list[Answer]:
    return [Answer(subset, truth, said) for truth, said in pairs]


def test_the_mean_of_the_subsets_f1s_by_hand():
    """GSM8K: 1 of 2 wrong found, 2 of 3 right left alone: F1 4/7. MATH: 1 and 1/2: F1 2/3."""
    found = processbench_score(
        [
            *answers("gsm8k", (2, 2), (1, 0), (-1, -1), (-1, -1), (-1, 3)),
            *answers("math", (0, 0), (-1, -1), (-1, None)),
        ]
    )

    gsm8k, math = found.subsets
    assert (gsm8k.on_wrong.value, gsm8k.on_right.value) == (0.5, pytest.approx(2 / 3))
    assert gsm8k.f1.value == pytest.approx(4 / 7)
    assert math.f1.value == pytest.approx(2 / 3)
    assert math.n_unknown == 1
    assert found.f1.value == pytest.approx((4 / 7 + 2 / 3) / 2)


def test_it_is_neither_the_pooled_f1_nor_token_f1():
    found = processbench_score([*answers("a", (0, 0), (-1, -1)), *answers("b", *[(0, 1), (-1, -1)] * 50)])
    assert [one.f1.value for one in found.subsets] == [1.0, 0.0]
    assert found.f1.value == 0.5


def test_a_subset_with_one_kind_has_no_score():
    found = processbench_score(answers("a", (0, 0), (1, 1)))
    assert found.f1.value is None
    assert found.subsets[0].on_wrong.value == 1.0
    with pytest.raises(Rejected):
        processbench_score([])


def test_intervals_cover_as_often_as_they_say():
    """500 samples of 200 and 200 solutions, where the true shares are 0.6 and 0.8."""
    random = np.random.default_rng(5)
    truth = float(harmonic(np.array(0.6), np.array(0.8)))
    inside = 0
    for seed in range(500):
        wrong = [(0, 0 if hit else 1) for hit in random.random(200) < 0.6]
        right = [(-1, -1 if hit else 0) for hit in random.random(200) < 0.8]
        f1 = processbench_score(answers("a", *wrong, *right), seed=seed, resamples=300).f1
        inside += f1.low <= truth <= f1.high
    assert 0.92 <= inside / 500 <= 0.975


def test_a_threshold_is_chosen_where_f1_is_highest():
    scored = [(1, [0.9, 0.3, 0.2]), (0, [0.35]), (-1, [0.6, 0.5]), (-1, [0.7])]
    threshold = best_threshold(scored)
    assert 0.35 < threshold <= 0.5
    assert [first_below(scores, threshold) for _, scores in scored] == [1, 0, -1, -1]
    with pytest.raises(Rejected, match="no scores"):
        best_threshold([])
    with pytest.raises(Rejected, match="wrong solutions and right ones"):
        best_threshold([(0, [0.1])])


def test_subsets_are_in_the_names():
    assert [subset_of(name) for name in ("gsm8k-12", "omnimath-0", "mine", "a-b")] == [
        "gsm8k",
        "omnimath",
        "all",
        "all",
    ]
