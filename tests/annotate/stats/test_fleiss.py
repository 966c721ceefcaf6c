from __future__ import annotations

import pytest

from annotate.stats.fleiss import fleiss_kappa
from tests.annotate.stats.tables import table_from_distribution


def test_kappa_by_hand() -> None:
    result = fleiss_kappa(table_from_distribution([[3, 0], [1, 2], [0, 3]]), resamples=0)
    assert result.agreement == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert result.chance == pytest.approx((4 / 9) ** 2 + (5 / 9) ** 2)
    assert result.value == pytest.approx(0.55)


def test_items_with_more_labels_count_no_more() -> None:
    # The first item's six labels are one third of the shares, as the second's two are.
    result = fleiss_kappa(table_from_distribution([[6, 0], [0, 2], [1, 1]]), resamples=0)
    assert result.chance == pytest.approx(0.5)
    assert result.agreement == pytest.approx(2 / 3)
