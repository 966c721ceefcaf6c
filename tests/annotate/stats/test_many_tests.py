"""Adjusted chances, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.stats.many_tests import benjamini_hochberg, holm

P = np.array([0.01, 0.02, 0.03, 0.04, 0.05, np.nan, 0.0001])


def test_holm() -> None:
    # By hand: sorted p times 6, 5, 4, 3, 2, 1, never falling.
    expected = [0.05, 0.08, 0.09, 0.09, 0.09, np.nan, 0.0006]
    assert holm(P) == pytest.approx(expected, nan_ok=True)


def test_benjamini_hochberg() -> None:
    # By hand: sorted p times 6/1, 6/2, ..., 6/6, never above a later one.
    expected = [0.03, 0.04, 0.045, 0.048, 0.05, np.nan, 0.0006]
    assert benjamini_hochberg(P) == pytest.approx(expected, nan_ok=True)


def test_nothing_above_one_and_order_is_no_matter() -> None:
    p = np.array([0.9, 0.8, 0.5])
    assert holm(p).max() <= 1
    assert benjamini_hochberg(p)[::-1] == pytest.approx(benjamini_hochberg(p[::-1]))
