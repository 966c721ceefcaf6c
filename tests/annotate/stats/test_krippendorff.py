from __future__ import annotations

import pytest

from annotate.stats.agreement import krippendorff_alpha
from annotate.stats.krippendorff import weighted_alpha
from tests.annotate.stats.tables import CANONICAL, clustered_labels, table_from_matrix


def test_identity_weights_give_the_nominal_alpha_and_quadratic_ones_the_interval_alpha() -> None:
    table = table_from_matrix([[None if x is None else x**2 for x in row] for row in CANONICAL])
    nominal = krippendorff_alpha(table, "nominal", resamples=0)
    assert weighted_alpha(table, resamples=0).value == pytest.approx(nominal.value)
    interval = krippendorff_alpha(table, "interval", resamples=0)
    weighted = weighted_alpha(table, "quadratic", spacing="numbers", resamples=0)
    assert weighted.value == pytest.approx(interval.value)


def test_ordinal_weights_are_not_the_ordinal_alpha() -> None:
    table = table_from_matrix(CANONICAL)
    assert weighted_alpha(table, "ordinal", resamples=0).value == pytest.approx(0.833638, abs=5e-7)
    assert krippendorff_alpha(table, "ordinal", resamples=0).value == pytest.approx(0.815388, abs=5e-7)


def test_the_interval_is_that_of_alpha() -> None:
    table = clustered_labels(20, 5, seed=1)
    one, other = (
        weighted_alpha(table, resamples=100, seed=2),
        krippendorff_alpha(table, resamples=100, seed=2),
    )
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
