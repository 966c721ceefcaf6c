from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.votes import Merge, decide, read_votes, strict_majority
from annotate.prelabel.contracts import Completion
from tests.annotate.prelabel.answering import said


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Unread("not a number") from None


@pytest.mark.parametrize(
    ("merge", "good", "bad", "decision"),
    [
        # Four votes: CAPO calls the step wrong at 4 (intersection), 2 (majority) and 1 (union).
        ("intersection", 0, 4, "bad"),
        ("intersection", 1, 3, "split"),
        ("intersection", 3, 1, "good"),
        ("majority", 2, 2, "bad"),
        ("majority", 3, 1, "good"),
        ("union", 3, 1, "bad"),
        ("union", 4, 0, "good"),
    ],
)
def test_decide_follows_the_published_counts(merge: Merge, good: int, bad: int, decision: str) -> None:
    assert decide(good, bad, 4, merge) == decision


def test_votes_that_say_nothing_of_the_step_count_against_both() -> None:
    assert decide(2, 0, 4, "majority") == "split"
    assert decide(2, 1, 4, "majority") == "split"
    assert decide(1, 3, 5, "majority") == "bad"


@given(good=st.integers(0, 20), bad=st.integers(0, 20), rest=st.integers(0, 20))
def test_stricter_rules_call_no_more_steps_bad(good: int, bad: int, rest: int) -> None:
    votes = good + bad + rest
    if votes:
        is_bad = [decide(good, bad, votes, merge) == "bad" for merge in ("intersection", "majority", "union")]  # type: ignore[arg-type]
        assert is_bad == sorted(is_bad)


@pytest.mark.parametrize(("good", "bad", "votes"), [(0, 0, 0), (2, 2, 3), (-1, 0, 1)])
def test_impossible_counts_are_refused(good: int, bad: int, votes: int) -> None:
    with pytest.raises(ValueError, match="votes"):
        decide(good, bad, votes, "majority")


def test_strict_majority_leaves_ties_open() -> None:
    assert [strict_majority(*counts) for counts in ((3, 2), (2, 3), (2, 2), (0, 0))] == [
        "good",
        "bad",
        "split",
        "split",
    ]


def test_only_finished_and_readable_samples_are_votes() -> None:
    completions = [
        said("3"),
        said("three"),
        said("5", "length"),
        Completion("7", "error", error="the server is gone"),
        Completion("", "refused"),
        said("8"),
    ]
    ballots = read_votes(completions, whole)
    assert [(vote.sample, vote.said) for vote in ballots.votes] == [(0, 3), (5, 8)]
    assert dict(ballots.unread) == {
        1: "not a number",
        2: "the critique was cut off",
        3: "the server is gone",
        4: "the critique ended with refused",
    }
    assert [vote.said for vote in ballots.counted("first").votes] == [3]
    assert ballots.counted("union") is ballots


def test_shortfall_says_what_was_wrong_with_the_others() -> None:
    ballots = read_votes([said("1"), said("x"), said("y"), said("2", "length")], whole)
    assert ballots.shortfall(1) == ""
    assert ballots.shortfall(2) == (
        "1 of 4 could be read, 2 are needed: not a number (2); the critique was cut off (1)"
    )
    assert read_votes([said("x")], whole).shortfall(1) == "not a number"
    assert read_votes([], whole, "verification").shortfall(1) == "the backend returned no verification"
