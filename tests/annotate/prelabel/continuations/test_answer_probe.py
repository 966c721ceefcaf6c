from __future__ import annotations

import pytest

from annotate.prelabel.continuations.answer_probe import (
    Contexts,
    ProbeSettings,
    answer_request,
    holds,
    mean_logprob,
    silent_steps,
    stated_at,
)
from annotate.prelabel.continuations.rollouts import BARE
from annotate.prelabel.contracts import Completion, Message, StepTask, TokenScore, TraceTask
from tests.annotate.prelabel.answering import trace


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so 40 + 2 = 42.", "42"),
        ("that is 1,042 in all", "1042"),
        ("x = -7", "-7"),
        ("half of it, 0.5, is left", "1/2"),
        (r"hence \frac{3}{4}", "3/4"),
        ("50 % of it: 50%", "50%"),
        ("It is the  Red\nDoor.", "red door"),
        ("The answer is B.", "B"),
        ("(B)", "B"),
    ],
)
def test_answer_stands_in_the_text(text: str, answer: str) -> None:
    assert holds(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so 142 and 42.5 and 420", "42"),
        ("9-7 is two", "-7"),
        ("redoor", "red door"),
        ("a bee", "A"),
        ("predoor", "door"),
        ("", "42"),
    ],
)
def test_answer_does_not_stand_in_the_text(text: str, answer: str) -> None:
    assert not holds(text, answer)


def test_first_step_that_states_the_answer_is_found() -> None:
    task = trace("Let us see.\n", "40 + 2 = 42\n", "Answer: 42")
    assert stated_at(task.steps, "42") == 1
    assert stated_at(task.steps, "43") is None


def test_steps_after_the_statement_and_blank_ones_are_silent() -> None:
    task = trace("see\n", " \n", "it is 42\n", "\n", "Answer: 42")
    assert silent_steps(task, Contexts(task, ProbeSettings()), "42") == {
        1: "the step is empty",
        3: "the step is empty",
        4: "the answer has been stated",
    }


def test_blank_step_makes_no_cut_of_its_own() -> None:
    contexts = Contexts(trace("a\n", " \n", "b"), ProbeSettings())
    assert contexts.cuts == (BARE, 0, 2)
    assert (contexts.before, contexts.after) == ({0: BARE, 1: 0, 2: 0}, {0: 0, 1: 0, 2: 2})


def test_what_an_action_got_back_belongs_to_it() -> None:
    steps = (StepTask(0, "look\n", "action"), StepTask(1, "a cat", "observation"), StepTask(2, "so cat"))
    contexts = Contexts(TraceTask("Pets?", steps, "1"), ProbeSettings())
    assert contexts.cuts == (BARE, 0, 2)
    assert contexts.messages(0, "\n\nAnswer:") == (
        Message("user", "Pets?"),
        Message("assistant", "look\n"),
        Message("user", "a cat"),
        Message("assistant", "Answer:"),
    )


def test_opening_joins_the_prefix_and_its_space_goes_to_the_answer() -> None:
    contexts = Contexts(trace("one", "two\n"), ProbeSettings(instruction="Be brief."))
    bare, first, second = (answer_request(contexts, cut, "\n\nAnswer: ", "42", "p") for cut in contexts.cuts)
    assert bare.messages == (
        Message("user", "Ann has 3 apples.\n\nBe brief."),
        Message("assistant", "Answer:"),
    )
    assert first.messages[-1].content == "one\n\nAnswer:"
    assert second.messages[-1].content == "onetwo\nAnswer:", "a new line has been begun already"
    assert {request.score for request in (bare, first, second)} == {" 42"}
    assert [request.about for request in (bare, first, second)] == [None, 0, 1]


def test_only_tokens_of_the_answer_count() -> None:
    contexts = Contexts(trace("one"), ProbeSettings())
    request = answer_request(contexts, 0, "Answer: ", "42", "p")
    tokens = (TokenScore(0, 1, -9.0, 0.0), TokenScore(1, 2, -1.0, 0.0), TokenScore(2, 3, -2.0, 0.0))
    assert mean_logprob(request, [Completion("", "stop", scores=tokens)]) == -1.5
    joint = (TokenScore(0, 2, -3.0, 0.0), TokenScore(2, 3, -1.0, 0.0))
    assert mean_logprob(request, [Completion("", "stop", scores=joint)]) == -2.0
