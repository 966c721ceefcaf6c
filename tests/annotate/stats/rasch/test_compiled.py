from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from annotate.stats.rasch.compiled import PLAIN, compiled_pass, may_compile
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.rasch.result import Estimator, FacetFit
from tests.annotate.stats.rasch.examples import drawn, three_facets
from tests.annotate.stats.rasch.test_moments import mixed_table


def test_a_variable_leaves_numba_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAIN, "1")
    assert not may_compile()
    assert compiled_pass() is None


def with_a_gap() -> Ratings:
    """Raters with thresholds of their own, one of whom never gives a 1."""
    table = drawn(seed=6, n_items=60)
    value = np.where((table.rater == 2) & (table.value == 1), 2, table.value)
    return three_facets(table.item, table.rater, table.criterion, value, thresholds_by="rater")


@pytest.mark.parametrize("make", [lambda: drawn(seed=2).ratings(), mixed_table, with_a_gap])
@pytest.mark.parametrize("estimator", ["eb", "jmle", "mml"])
def test_fits_are_the_same_with_and_without(
    monkeypatch: pytest.MonkeyPatch, estimator: Estimator, make: type
) -> None:
    pytest.importorskip("numba")
    ratings = make()
    monkeypatch.delenv(PLAIN, raising=False)
    compiled = fit_rasch(ratings, estimator=estimator, tolerance=1e-9)
    monkeypatch.setenv(PLAIN, "1")
    plain = fit_rasch(ratings, estimator=estimator, tolerance=1e-9)
    assert compiled.converged
    assert plain.converged
    assert compiled.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    for one, other in zip(compiled.facets, plain.facets, strict=True):
        for field in fields(FacetFit):
            value = getattr(one, field.name)
            if isinstance(value, np.ndarray):
                np.testing.assert_allclose(
                    value, getattr(other, field.name), rtol=1e-5, atol=1e-6, err_msg=field.name
                )
    for first, second in zip(compiled.thresholds, plain.thresholds, strict=True):
        assert first.measure == pytest.approx(second.measure, abs=1e-6)
