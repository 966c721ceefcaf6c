from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from annotate.stats import pairwise
from annotate.stats.cohen import cohen_kappa
from annotate.stats.pairwise import pairwise_agreement
from annotate.stats.table import LongTable
from annotate.stats.weighting import Weighting


def sparse_table(seed: int, *, n_items: int = 60, n_raters: int = 7) -> LongTable:
    rng = np.random.default_rng(seed)
    item, rater = np.nonzero(rng.random((n_items, n_raters)) < 0.5)
    value = (item % 4 + (rng.random(len(item)) < 0.4) * rng.integers(4, size=len(item))) % 4
    return LongTable.from_columns(item, rater, value, levels=[0, 1, 2, 3])


@pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic"])
def test_each_pair_is_cohens_kappa_of_the_two(weighting: Weighting) -> None:
    table = sparse_table(1)
    found = pairwise_agreement(table, weighting)
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == list(combinations(range(7), 2))
    for place, (first, second) in enumerate(pairs):
        raters = found.raters[first], found.raters[second]
        alone = cohen_kappa(table, weighting, raters=raters, resamples=0)
        expected = (alone.n_items, alone.agreement, alone.value, alone.se)
        got = (found.n[place], found.agreement[place], found.kappa[place], found.se[place])
        assert got == pytest.approx(expected)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pairwise_agreement(sparse_table(2), "linear")
    monkeypatch.setattr(pairwise, "_BLOCK", 8)
    parts = pairwise_agreement(sparse_table(2), "linear")
    np.testing.assert_allclose(whole.kappa, parts.kappa)
    np.testing.assert_allclose(whole.se, parts.se)


def test_raters_who_never_met_have_no_entry() -> None:
    table = LongTable.from_columns([1, 1, 2, 2], ["a", "b", "c", "d"], [1, 1, 1, 2])
    found = pairwise_agreement(table)
    assert found.n.tolist() == [1, 1]
    np.testing.assert_array_equal(found.matrix("n"), [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
    agreement = found.matrix("agreement")
    assert (agreement[0, 1], agreement[3, 2]) == (1, 0)
    assert np.isnan(agreement[[0, 0, 2], [0, 2, 2]]).all()


def test_the_same_level_throughout_leaves_kappa_open() -> None:
    found = pairwise_agreement(LongTable.from_columns([1, 1, 2, 2], ["a", "b"] * 2, ["ok"] * 4))
    assert found.agreement.tolist() == [1]
    assert np.isnan([found.kappa[0], found.se[0]]).all()


def test_nothing_to_compare_is_no_pair() -> None:
    for table in (LongTable.from_columns([], [], []), LongTable.from_columns([1, 2], ["a", "b"], [1, 2])):
        assert len(pairwise_agreement(table).n) == 0


def test_five_thousand_raters_are_no_matrix() -> None:
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(4_000), 5)
    table = LongTable.from_columns(item, rng.permutation(20_000) % 5_000, rng.integers(3, size=20_000))
    found = pairwise_agreement(table)
    assert int(found.n.sum()) == pytest.approx(4_000 * 10, rel=0.02)
