from __future__ import annotations

import pytest

from annotate.consensus.readings import (
    NO_ERROR,
    can_recover,
    first_error_of,
    is_right,
    level_of,
    may_vote,
    not_bad,
    one_each,
    place,
)
from annotate.enums import Outcome, RaterKind
from tests.annotate.consensus.policies.evidence import ANN, BEN, JUDGE, a_trace_of, ruled_at


@pytest.mark.parametrize(
    ("letters", "where"),
    [("ggg", NO_ERROR), ("gnb", 2), ("b--", 0), ("g-b", None), ("gub", None), ("gg-", None)],
)
def test_where_somebody_puts_the_first_error(letters, where):
    assert first_error_of(a_trace_of((ANN, letters)), ANN.rater) == where


def test_a_reviewer_stands_in_for_every_reading():
    evidence = a_trace_of((ANN, "gg-"))

    assert first_error_of(ruled_at(evidence, 2, "good"), ANN.rater) == NO_ERROR
    assert first_error_of(ruled_at(evidence, 0, "bad"), ANN.rater) == 0
    assert first_error_of(ruled_at(evidence, 0, "unsure"), ANN.rater) is None


def test_two_levels_by_one_rater_are_none():
    (step,) = a_trace_of((ANN, "g"), (ANN, "b"), (BEN, "n"), (BEN, "n"), (JUDGE, "u")).steps

    assert level_of(step.votes[:2]) == ""
    assert one_each(step.votes) == {BEN.rater: "neutral"}


@pytest.mark.parametrize(
    ("kind", "criterion", "votes"),
    [
        (RaterKind.ROLLOUT, "verdict", False),
        (RaterKind.ROLLOUT, "recoverable", True),
        (RaterKind.GOLD, "verdict", False),
        (RaterKind.PROBE, "verdict", False),
        (RaterKind.REVIEW, "verdict", False),
        (RaterKind.VERIFIER, "verdict", True),
        (RaterKind.PERSON, "recoverable", True),
    ],
)
def test_who_may_vote(kind, criterion, votes):
    assert may_vote(kind, criterion, "recoverable") is votes
    assert may_vote(kind, criterion, "recoverable", with_machines=False) is (kind == RaterKind.PERSON)


def test_hard_labels_and_grades():
    (none, lost, mixed) = a_trace_of((ANN, "-bb"), (BEN, "--g")).steps

    assert [can_recover(step.votes) for step in (none, lost, mixed)] == [None, False, True]
    assert is_right(Outcome.RIGHT, lost.votes) is None
    assert is_right(None, lost.votes) is False
    assert is_right(Outcome.TRUNCATED, ()) is None


def test_what_is_neither_good_nor_bad_is_unknown():
    (unsure, other, lost) = a_trace_of((ANN, "unb"), (BEN, "--u")).steps

    assert [can_recover(step.votes) for step in (unsure, other, lost)] == [None, None, False]
    assert [is_right(Outcome.RIGHT, step.votes) for step in (unsure, other)] == [True, True]
    assert [is_right(None, step.votes) for step in (unsure, other)] == [None, None]


def test_levels_of_no_error_and_places():
    assert not_bad(["good", "neutral", "good", "bad"]) == "good"
    assert not_bad(["good", "neutral"]) == "neutral"
    assert not_bad([]) == "good"
    assert (place(NO_ERROR), place(0)) == ("none", "step 1")
