"""No true statement is refuted, however it is spelled; and of false ones, how many are caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.prelabel.verifiers.algebra.claims import Known, claims
from annotate.prelabel.verifiers.arithmetic.equations import equations
from tests.annotate.prelabel.verifiers.formulas import FormulaWriter
from tests.annotate.prelabel.verifiers.statements import Writer

SAMPLES = 1_500
seeds = st.integers(0, 2**32)


def arithmetic(text: str) -> set[str]:
    return {equation.status for equation in equations(text)}


def algebra(text: str) -> set[str]:
    return {claim.status for claim in claims(text, Known())}


@settings(max_examples=600)
@given(seed=seeds)
def test_no_true_calculation_is_refuted(seed: int) -> None:
    text = Writer(seed).true()
    assert "refuted" not in arithmetic(text) | algebra(text), text


@settings(max_examples=400)
@given(seed=seeds)
def test_no_true_formula_is_refuted(seed: int) -> None:
    text = FormulaWriter(seed).true()
    assert "refuted" not in arithmetic(text) | algebra(text), text


def share(write: Callable[[int], str], read: Callable[[str], set[str]], wanted: str) -> float:
    return sum(wanted in read(write(seed)) for seed in range(SAMPLES)) / SAMPLES


@pytest.mark.parametrize(
    ("is_plain", "refuted", "supported"),
    [(True, 0.95, 0.97), (False, 0.25, 0.45)],
    ids=["plain", "any spelling"],
)
def test_most_plain_calculations_are_decided(is_plain: bool, refuted: float, supported: float) -> None:
    """Roots, mixed numbers and other things that are not read leave every second other spelling undecided."""
    assert share(lambda seed: Writer(seed, plain=is_plain).false(), arithmetic, "refuted") > refuted
    assert share(lambda seed: Writer(seed, plain=is_plain).true(), arithmetic, "supported") > supported


def test_most_formulas_are_decided() -> None:
    assert share(lambda seed: FormulaWriter(seed).false(), algebra, "refuted") > 0.5
    assert share(lambda seed: FormulaWriter(seed).true(), algebra, "supported") > 0.5
