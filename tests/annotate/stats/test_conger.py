from __future__ import annotations

import pytest

from annotate.stats.conger import conger_kappa
from annotate.stats.pairwise import pairwise_agreement
from annotate.stats.table import LongTable
from tests.annotate.stats.tables import table_from_matrix


def test_chance_is_the_mean_over_pairs_of_raters() -> None:
    table = table_from_matrix([[1, 1, 2, 2], [1, 2, 2, 2], [1, 1, 1, 2]])
    result = conger_kappa(table, resamples=0)
    # Shares of 1: 1/2, 1/4, 3/4.
    pairs = [(1 / 2, 1 / 4), (1 / 2, 3 / 4), (1 / 4, 3 / 4)]
    assert result.chance == pytest.approx(sum(p * r + (1 - p) * (1 - r) for p, r in pairs) / 3)
    assert result.agreement == pytest.approx(pairwise_agreement(table).agreement.mean())


def test_one_rater_alone_has_nobody_to_agree_with() -> None:
    result = conger_kappa(LongTable.from_columns([1, 2], ["a", "a"], [1, 2]))
    assert (result.value, result.chance) == (None, None)
