from __future__ import annotations

import pytest

from annotate.stats.cohen import cohen_kappa
from annotate.stats.fleiss import fleiss_kappa
from annotate.stats.scott import scott_pi
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import table_from_counts


def test_pi_by_hand_is_below_kappa_where_shares_differ() -> None:
    table = table_from_counts([[2, 1], [0, 1]])
    pi, kappa = scott_pi(table, resamples=0), cohen_kappa(table, resamples=0)
    assert pi.chance == pytest.approx((5 / 8) ** 2 + (3 / 8) ** 2)
    assert pi.value == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))
    assert kappa.value == pytest.approx(0.5)


def test_only_items_of_both_count() -> None:
    table = LongTable.from_columns([1, 1, 2, 2, 3, 4], ["a", "b", "a", "b", "a", "c"], [1, 1, 2, 1, 2, 2])
    pair = table.where(table.unit < 2)
    assert scott_pi(table, raters=("a", "b"), resamples=0).value == fleiss_kappa(pair, resamples=0).value
