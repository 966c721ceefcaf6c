from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.grading.answers import plain_number
from annotate.prelabel.grading.near_misses import near_misses


@pytest.mark.parametrize(
    ("answer", "misses"),
    [
        ("36", ("37", "35", "40", "32")),
        ("1", ("2", "0", "3")),
        ("-5", ("-4", "-6", "-3", "-7")),
        ("3/4", ("4/3", "7/4", "33/40", "27/40")),
        (r"\frac{3}{4}", (r"\frac{4}{3}", r"\frac{7}{4}", r"\frac{33}{40}", r"\frac{27}{40}")),
        ("2.5", ("0.4", "3.5", "1.5", "2.8")),
        ("1,000", ("1,001", "999", "1,100", "900")),
        ("50%", ("51%", "49%", "55%", "45%")),
        ("$12 apples", ("$13 apples", "$11 apples", "$14 apples", "$10 apples")),
    ],
)
def test_near_numbers_are_written_in_the_answers_manner(answer: str, misses: tuple[str, ...]) -> None:
    assert near_misses(answer, 4) == misses


@pytest.mark.parametrize("answer", ["A", "x + 1", "yes", "the red one", "2, 3"])
def test_answers_that_are_no_number_have_none(answer: str) -> None:
    assert near_misses(answer, 4) == ()


@given(st.integers(-10_000, 10_000), st.integers(1, 7))
def test_misses_are_different_wrong_numbers(answer: int, wanted: int) -> None:
    right = plain_number(str(answer))
    assert right is not None
    misses = near_misses(str(answer), wanted)
    assert 0 < len(set(misses)) == len(misses) <= wanted
    for miss in misses:
        number = plain_number(miss)
        assert number is not None
        assert not number.agrees_with(right)
        assert number.value >= 0 or answer < 0
