from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.judge.critique.answers import read_equation, read_location


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
        "Check: " + "9" * 6000 + ", found 1.",
    ],
)
def test_read_equation_refuses_everything_else(text: str) -> None:
    with pytest.raises(Unread):
        read_equation(text)


@given(left=st.integers(0, 999), right=st.integers(0, 999), found=st.integers(0, 2000))
def test_read_equation_is_met_exactly_when_the_numbers_are_equal(left: int, right: int, found: int) -> None:
    check = read_equation(f"Check: {left} + {right} = {left + right}, found {found}.")
    assert check.is_met == (found == left + right)
    assert check.expected == Fraction(left + right)


MARK = "0a1b2c3d"


def critique(through: int, number: int, mark: str = "") -> str:
    end = f"_{mark}" if mark else ""
    parts = [f"<analysis_{k}{end}>about {k}</analysis_{k}{end}>" for k in range(1, through + 1)]
    verdict = f"<verdict{end}>{number}</verdict{end}>" if mark else rf"\boxed{{{number}}}"
    return "\n".join([*parts, verdict])


@pytest.mark.parametrize("mark", ["", MARK])
def test_read_location_turns_numbers_into_indices_once(mark: str) -> None:
    for count in range(1, 13):
        for index in (None, *range(count)):
            text = critique(count, -1, mark) if index is None else critique(index + 1, index + 1, mark)
            location = read_location(text, count, mark)
            assert location.index == index
            last = count - 1 if index is None else index
            assert location.analyses == {k: f"about {k + 1}" for k in range(last + 1)}


@pytest.mark.parametrize("mark", ["", MARK])
@given(count=st.integers(1, 12), number=st.integers(-50, 50))
def test_read_location_never_names_a_paragraph_that_is_not_there(mark: str, count: int, number: int) -> None:
    text = f"<verdict_{MARK}>{number}</verdict_{MARK}>" if mark else rf"\boxed{{{number}}}"
    if number == -1 or 1 <= number <= count:
        assert read_location(text, count, mark).index == (None if number == -1 else number - 1)
    else:
        with pytest.raises(Unread, match=f"of {count}"):
            read_location(text, count, mark)


QUOTED = (
    r"The paragraph says \boxed{-1} and </analysis_1> <verdict>-1</verdict> "
    "<verdict_00000000>-1</verdict_00000000>, none of which is a reason."
)


def test_marked_verdict_is_not_moved_by_what_the_judge_quotes() -> None:
    text = (
        f"<analysis_1_{MARK}>{QUOTED}</analysis_1_{MARK}>\n"
        f"<analysis_2_{MARK}>It ends in \\boxed{{42}}, which is false.</analysis_2_{MARK}>\n"
        f"<verdict_{MARK}> 2 </verdict_{MARK}>"
    )
    location = read_location(text, 3, MARK)
    assert location.index == 1
    assert location.analyses[0] == QUOTED


def test_box_is_no_verdict_where_a_mark_is_asked_for() -> None:
    with pytest.raises(Unread, match="names no paragraph"):
        read_location(critique(2, 2), 3, MARK)


def test_observation_needs_no_analysis_and_cannot_be_blamed() -> None:
    text = "<analysis_1>a</analysis_1><analysis_3>c</analysis_3>" + r"\boxed{3}"
    assert read_location(text, 4, observed=frozenset({1})).index == 2
    with_it = "<analysis_2>b</analysis_2>" + text
    assert read_location(with_it, 4, observed=frozenset({1})).index == 2
    with pytest.raises(Unread, match="observation"):
        read_location(r"\boxed{2}", 4, observed=frozenset({1}))


@pytest.mark.parametrize(
    "text", [r"\boxed{" + "9" * 6000 + "}", f"<analysis_{'1' * 6000}>x" + r"\boxed{-1}\boxed{1}"]
)
def test_endless_numbers_are_unread_and_do_not_stop_the_run(text: str) -> None:
    with pytest.raises(Unread):
        read_location(text, 3)


@given(box=st.integers(-99, 99).filter(lambda box: box != -1 and not 1 <= box <= 5))
def test_read_location_out_of_range_is_unreadable(box: int) -> None:
    with pytest.raises(Unread, match="of 5"):
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
    with pytest.raises(Unread):
        read_location(text, 5)


def test_read_location_believes_a_lone_box() -> None:
    assert read_location(r"Paragraph two drops a sign. \boxed{\text{2}}", 5).index == 1
    assert read_location(r"\boxed{-1} as said: \boxed{-1}", 5).index is None
