from __future__ import annotations

import pytest

from annotate.enums import CandidateKind
from annotate.errors import Rejected
from annotate.label.actions import submit_assignment
from tests.annotate.ingest.presets.labelling import (
    WORDS,
    answer_in_order,
    bob_is_given,
    bob_opens,
    counted,
    open_now,
    say,
)

pytestmark = pytest.mark.django_db

CRITIQUE = f"{WORDS}Seven times six is not 41."


def test_the_whole_loop_from_the_first_rating_to_the_exit() -> None:
    held = bob_opens("prm800k")
    said = {
        ("verdict", 0): "good",
        ("verdict", 1): "neutral",
        ("verdict", 2): "bad",
        ("critique", 2): CRITIQUE,
        ("exit", None): "found-error",
        ("progress", None): "half",
    }
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said


def test_a_correction_may_come_along_and_need_not() -> None:
    held = bob_opens("prm800k")
    say(held, "verdict", 0, "bad")
    assert open_now(held) == [("critique", 0), ("exit", None)]
    say(held, "correction", 0, f"{WORDS}Six times seven is 42.")
    answer_in_order(
        held, {("critique", 0): CRITIQUE, ("exit", None): "found-error", ("progress", None): "none"}
    )
    assert counted(held)["correction", 0] == f"{WORDS}Six times seven is 42."


def test_a_complete_solution_is_rated_to_its_end() -> None:
    held = bob_opens("prm800k")
    said = {
        **{("verdict", n): "good" for n in range(4)},
        ("exit", None): "solution",
        ("progress", None): "all",
    }
    assert answer_in_order(held, said) == list(said)


def test_a_bad_problem_ends_it_at_once_and_giving_up_needs_a_reason() -> None:
    bad = bob_opens("prm800k")
    say(bad, "exit", None, "bad-problem")
    submit_assignment(bad, bad.token)
    assert counted(bad) == {("exit", None): "bad-problem"}

    held = bob_opens("prm800k")
    say(held, "verdict", 0, "good")
    say(held, "exit", None, "give-up")
    with pytest.raises(Rejected, match="reason in words"):
        submit_assignment(held, held.token)
    say(held, "exit", None, "give-up|It needs a figure.")
    submit_assignment(held, held.token)
    assert counted(held) == {("verdict", 0): "good", ("exit", None): "give-up"}


def test_given_critiques_and_alternatives_are_rated_at_the_error_alone() -> None:
    held = bob_opens("prm800k")
    for position in (0, 1):
        bob_is_given(held, position, CandidateKind.CRITIQUE, "A slip.", "No slip.")
        bob_is_given(held, position, CandidateKind.ALTERNATIVE, "Another way.")
    said = {
        ("verdict", 0): "good",
        ("verdict", 1): "bad",
        ("critique-rating", 1): "right/wrong",
        ("critique", 1): CRITIQUE,
        ("alternative-verdict", 1): "good",
        ("exit", None): "found-error",
        ("progress", None): "some",
    }
    assert answer_in_order(held, said) == list(said)
    assert counted(held) == said


def test_ratings_go_with_the_error_they_belong_to() -> None:
    held = bob_opens("prm800k")
    bob_is_given(held, 0, CandidateKind.CRITIQUE, "A slip.")
    say(held, "verdict", 0, "bad")
    say(held, "critique-rating", 0, "right")
    say(held, "verdict", 0, "good")
    answer_in_order(
        held,
        {
            **{("verdict", n): "good" for n in (1, 2, 3)},
            ("exit", None): "solution",
            ("progress", None): "all",
        },
    )
    assert ("critique-rating", 0) not in counted(held)
