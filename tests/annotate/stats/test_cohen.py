from __future__ import annotations

import pytest

from annotate.stats.cohen import cohen_kappa
from annotate.stats.conger import conger_kappa
from annotate.stats.weighting import Weighting
from tests.annotate.stats.tables import table_from_counts

DIAGNOSES = [[40, 6, 4, 15], [4, 25, 1, 5], [4, 2, 21, 9], [17, 13, 12, 45]]


@pytest.mark.parametrize("weighting", ["identity", "linear", "quadratic", "ordinal"])
def test_congers_kappa_of_two_raters_is_cohens(weighting: Weighting) -> None:
    table = table_from_counts(DIAGNOSES)
    cohen, conger = cohen_kappa(table, weighting, resamples=0), conger_kappa(table, weighting, resamples=0)
    assert (cohen.value, cohen.se) == pytest.approx((conger.value, conger.se))


def test_who_comes_first_does_not_matter() -> None:
    table = table_from_counts(DIAGNOSES)
    ahead = cohen_kappa(table, "linear", raters=("first", "second"), resamples=0)
    behind = cohen_kappa(table, "linear", raters=("second", "first"), resamples=0)
    assert (ahead.value, ahead.se, ahead.se_null) == pytest.approx((behind.value, behind.se, behind.se_null))


def test_no_agreement_beyond_chance_is_zero() -> None:
    result = cohen_kappa(table_from_counts([[4, 8], [2, 4]]), resamples=0)
    assert result.value == pytest.approx(0, abs=1e-12)


def test_high_prevalence_lowers_kappa_and_is_shown() -> None:
    result = cohen_kappa(table_from_counts([[1, 4], [4, 91]]), resamples=0)
    assert result.agreement == pytest.approx(0.92)
    assert result.value == pytest.approx(0.158, abs=5e-4)
    assert result.prevalence == pytest.approx({0: 0.05, 1: 0.95})
