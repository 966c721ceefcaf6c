from __future__ import annotations

import math

import pytest

from annotate.errors import Rejected
from annotate.stats.chi_square import chi_square_tail


@pytest.mark.parametrize(
    ("value", "df", "tail"),
    [
        # Tables of Fisher and Yates.
        (2.705543, 1, 0.10),
        (3.841459, 1, 0.05),
        (5.991465, 2, 0.05),
        (18.307038, 10, 0.05),
        (76.153891, 50, 0.01),
        (61.917942, 100, 0.999),
    ],
)
def test_the_tail_is_that_of_the_tables(value: float, df: int, tail: float) -> None:
    assert chi_square_tail(value, df) == pytest.approx(tail, abs=1e-7)


def test_two_degrees_of_freedom_are_exponential() -> None:
    for value in (0.001, 0.5, 1.9, 2.0, 2.1, 30.0, 600.0):
        assert chi_square_tail(value, 2) == pytest.approx(math.exp(-value / 2), rel=1e-12)


def test_scipy_says_the_same() -> None:
    chi2 = pytest.importorskip("scipy.stats").chi2
    for df in (0.5, 1, 3, 7, 33, 250, 5000):
        for ratio in (0.01, 0.3, 0.9, 1.0, 1.1, 2.0, 6.0):
            expected = float(chi2.sf(ratio * df, df))
            assert chi_square_tail(ratio * df, df) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_the_ends_of_the_line() -> None:
    assert (chi_square_tail(0, 3), chi_square_tail(-1, 3), chi_square_tail(math.inf, 3)) == (1.0, 1.0, 0.0)
    assert 0 <= chi_square_tail(1e6, 10) < 1e-100


@pytest.mark.parametrize(("value", "df"), [(1.0, 0), (1.0, -2), (1.0, math.nan), (math.nan, 1)])
def test_what_is_no_chi_square_is_refused(value: float, df: float) -> None:
    with pytest.raises(Rejected):
        chi_square_tail(value, df)
