from __future__ import annotations

import numpy as np

from annotate.consensus.explore.columns import NOTHING, coded, packed, unpacked

from .columns import some_columns


def test_what_is_packed_comes_back_with_risks_to_four_decimals():
    columns = some_columns("gb-g", gold="gg-b", risk=[0.0, 0.01234, float("nan"), 1.0], behind="--x-")

    found = unpacked(packed(columns))

    assert found.levels == columns.levels
    for name in ("step", "trace", "action", "level", "believed", "gold", "behind"):
        assert np.array_equal(getattr(found, name), getattr(columns, name)), name
    assert np.allclose(found.risk, columns.risk, atol=5e-5, equal_nan=True)


def test_what_is_compared_alone_says_nothing_of_beliefs():
    found = unpacked(packed(some_columns("gb", risk=[0.1, 0.2])), with_beliefs=False)

    assert found.level.tolist() == some_columns("gb").level.tolist()
    assert found.believed.tolist() == [NOTHING, NOTHING]
    assert not found.has_risk.any()


def test_keys_far_apart_are_kept():
    columns = some_columns("gg")
    columns.step[:] = [1, 2**40]

    assert unpacked(packed(columns)).step.tolist() == [1, 2**40]


def test_steps_out_of_order_keep_their_order():
    columns = some_columns("ggg")
    columns.step[:] = [30, 7, 400]

    assert unpacked(packed(columns)).step.tolist() == [30, 7, 400]


def test_a_million_decisions_take_a_few_megabytes():
    rng = np.random.default_rng(1)
    n = 200_000
    columns = some_columns("g" * n, risk=rng.beta(0.3, 5, n).tolist(), steps_a_trace=10)

    assert len(packed(columns)) < 500_000


def test_what_is_no_level_is_nothing():
    assert coded(["good", "", "unsure"], ("bad", "good")).tolist() == [1, NOTHING, NOTHING]


def test_gold_judges_only_where_both_are_known():
    columns = some_columns("gb-g", gold="g-bb")

    assert columns.is_judged.tolist() == [True, False, False, True]
    assert columns.is_wrong.tolist() == [False, False, False, True]
