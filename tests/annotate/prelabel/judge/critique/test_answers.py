from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.judge.critique.answers import Unreadable, read_equation, read_location


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("Check: 17 + 25 = 42, found 42.", 42, 42),
        ("  Check: 17 + 25 = 42, found 41.\n", 42, 41),
        ("Check: 42, found 42.", 42, 42),
        ("Check: 9 / 3 = 3, found 4.", 3, 4),
        ("Check: 2.5 * 2 = 5, found 5.0", 5, 5),
        ("Check: 3 - 5 = -2, found 2.", -2, 2),
    ],
)
def test_read_equation_compares_what_is_written(text: str, expected: int, found: int) -> None:
    check = read_equation(text)
    assert (check.expected, check.found) == (expected, found)
    assert check.is_met == (expected == found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The step is correct.",
        "Check: 17 + 25 = 42",
        "Check: 17 + 25, found 42.",
        "Check: 17 + 25 = 42, found 42. Check: 1 + 1 = 2, found 3.",
        "Check: 17 + 25 = 43, found 43.",
        "Check: 5 / 0 = 0, found 0.",
    ],
)
def test_read_equation_refuses_everything_else(text: str) -> None:
    with pytest.raises(Unreadable):
        read_equation(text)


@given(left=st.integers(0, 999), right=st.integers(0, 999), found=st.integers(0, 2000))
def test_read_equation_is_met_exactly_when_the_numbers_are_equal(left: int, right: int, found: int) -> None:
    check = read_equation(f"Check: {left} + {right} = {left + right}, found {found}.")
    assert check.is_met == (found == left + right)
    assert check.expected == Fraction(left + right)


def critique(through: int, box: int) -> str:
    parts = [f"<analysis_{k}>about {k}</analysis_{k}>" for k in range(1, through + 1)]
    return "\n".join([*parts, rf"\boxed{{{box}}}"])


@given(data=st.data(), count=st.integers(1, 40))
def test_read_location_turns_numbers_into_indices_once(data: st.DataObject, count: int) -> None:
    index = data.draw(st.none() | st.integers(0, count - 1))
    text = critique(count, -1) if index is None else critique(index + 1, index + 1)
    location = read_location(text, count)
    assert location.index == index
    last = count - 1 if index is None else index
    assert location.analyses[last] == f"about {last + 1}"
    assert set(location.analyses) == set(range(last + 1))


@given(box=st.integers(-99, 99).filter(lambda box: box != -1 and not 1 <= box <= 5))
def test_read_location_out_of_range_is_unreadable(box: int) -> None:
    with pytest.raises(Unreadable, match="of 5"):
        read_location(rf"\boxed{{{box}}}", 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No error here.",
        r"\boxed{none}",
        r"\boxed{2",
        r"\boxed{2} or rather \boxed{3}",
        critique(3, 2),
        critique(1, 2),
        critique(3, -1),
        "<analysis_2>skipped one</analysis_2>" + r"\boxed{2}",
    ],
)
def test_read_location_contradiction_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_location(text, 5)


def test_read_location_believes_a_lone_box() -> None:
    assert read_location(r"Paragraph two drops a sign. \boxed{\text{2}}", 5).index == 1
    assert read_location(r"\boxed{-1} as said: \boxed{-1}", 5).index is None
