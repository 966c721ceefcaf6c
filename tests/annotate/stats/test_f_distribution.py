from __future__ import annotations

import math

import pytest

from annotate.errors import Rejected
from annotate.stats.f_distribution import f_above, f_quantile, incomplete_beta


@pytest.mark.parametrize(
    ("share", "df1", "df2", "value"),
    # Printed tables: Abramowitz & Stegun, 26.9.
    [(0.95, 1, 1, 161.4), (0.95, 5, 10, 3.33), (0.99, 10, 20, 3.37), (0.5, 3, 3, 1.0), (0.995, 2, 6, 14.54)],
)
def test_quantiles_are_those_of_the_printed_tables(share: float, df1: int, df2: int, value: float) -> None:
    assert f_quantile(share, df1, df2) == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize("df2", [0.5, 1, 7.3, 200, 1e5])
@pytest.mark.parametrize("df1", [0.7, 2, 30, 4e4])
def test_a_quantile_lies_below_the_share_it_is_of(df1: float, df2: float) -> None:
    for share in (0.001, 0.3, 0.975):
        assert 1 - f_above(f_quantile(share, df1, df2), df1, df2) == pytest.approx(share, abs=1e-9)


def test_two_degrees_of_freedom_have_a_closed_form() -> None:
    # With df1 = 2, P(F > f) = (1 + 2 f / df2) ** (-df2 / 2).
    assert f_above(9.0, 2, 40) == pytest.approx((1 + 18 / 40) ** -20, rel=1e-12)
    assert f_above(400.0, 2, 40) == pytest.approx(21.0**-20, rel=1e-12)


def test_the_ends() -> None:
    assert f_above(0, 3, 3) == 1
    assert f_above(math.inf, 3, 3) == 0
    assert (incomplete_beta(0, 2, 2), incomplete_beta(1, 2, 2)) == (0, 1)
    with pytest.raises(Rejected):
        f_quantile(0.5, 0, 2)
    with pytest.raises(Rejected):
        f_quantile(1.0, 2, 2)


def test_scipy_finds_the_same() -> None:
    stats = pytest.importorskip("scipy.stats")
    for share, df1, df2 in ((0.025, 5, 15), (0.975, 0.6, 0.8), (0.999, 3, 9000), (0.5, 1e4, 2e4)):
        assert f_quantile(share, df1, df2) == pytest.approx(stats.f.ppf(share, df1, df2), rel=1e-8)
