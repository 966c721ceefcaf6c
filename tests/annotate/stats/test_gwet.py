from __future__ import annotations

import pytest

from annotate.stats.gwet import gwet_ac
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import table_from_counts


def test_ac1_by_hand() -> None:
    # Shares 0.05 and 0.95, so chance is 2 * 0.05 * 0.95 = 0.095.
    result = gwet_ac(table_from_counts([[1, 4], [4, 91]]), resamples=0)
    assert result.chance == pytest.approx(0.095)
    assert result.value == pytest.approx((0.92 - 0.095) / 0.905)


def test_a_level_nobody_used_counts_when_it_is_named() -> None:
    item, rater, value = [1, 1, 2, 2], ["a", "b"] * 2, [0, 0, 0, 1]
    two = gwet_ac(LongTable.from_columns(item, rater, value, levels=[0, 1]), resamples=0)
    three = gwet_ac(LongTable.from_columns(item, rater, value, levels=[0, 1, 2]), resamples=0)
    # pi = (3/4, 1/4): the sum of pi (1 - pi) is 3/8; over q - 1 it halves.
    assert (two.chance, three.chance) == (pytest.approx(3 / 8), pytest.approx(3 / 16))
