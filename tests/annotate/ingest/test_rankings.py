from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.ingest.rankings import (
    implied_pairs,
    rank_by_place,
    ranking_of,
    read_ranking,
    tidy_ranking,
)


def test_an_order_is_written_one_way() -> None:
    assert tidy_ranking(" C = b > A ", 3) == "b=c>a"
    assert read_ranking("b=c>a", 3) == [[1, 2], [0]]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a>b", "c has no rank yet"),
        ("a>b>b=c", "more than once"),
        ("a>b>d", "d is no place"),
        ("a>>b>c", "nothing is no place"),
        ("", "nothing is no place"),
        ("ab>c", "ab is no place"),
        ("<script>", "is no place"),
    ],
)
def test_what_orders_no_lineup_is_refused_with_its_reason(value: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as caught:
        tidy_ranking(value, 3)
    assert caught.value.field == "value"


def test_gaps_between_rank_numbers_mean_nothing() -> None:
    assert ranking_of({0: 3, 1: 1, 2: 3, 3: 8}) == "b>a=c>d"
    assert rank_by_place("b>a=c>d", 4) == {1: 1, 0: 2, 2: 2, 3: 4}


@given(st.lists(st.integers(1, 8), min_size=3, max_size=8))
def test_an_order_implies_what_its_numbers_say(numbers: list[int]) -> None:
    value = ranking_of(dict(enumerate(numbers)))
    assert tidy_ranking(value, len(numbers)) == value
    said = {(one, other): sign for one, other, sign in implied_pairs(value, len(numbers))}
    assert len(said) == len(numbers) * (len(numbers) - 1) // 2
    for (one, other), sign in said.items():
        assert sign == (numbers[one] < numbers[other]) - (numbers[one] > numbers[other])
