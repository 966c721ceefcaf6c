from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.asking.paragraphs import Paragraphs
from annotate.prelabel.contracts import Completion, StepTask, TraceTask
from annotate.prelabel.judge.reference import ReferenceSettings, judge_reference
from annotate.prelabel.judge.reference.strategy import reference_parts
from tests.annotate.prelabel.answering import reasons, run, said, trace, values
from tests.annotate.prelabel.judge.reference.alignments import entry

SETTINGS = ReferenceSettings()
STEPS = ("3 + 2 = 5.\n", "5 * 2 = 11.\n", "11 - 1 = 10.\n", "Answer: 10")
SOLUTION = "Ann has 3 + 2 = 5.\n\nTwice that is 10.\n\nLess one is 9."


def task(*steps: str, solution: str | None = SOLUTION) -> TraceTask:
    return replace(trace(*steps or STEPS), reference_solution=solution)


def aligned(about: TraceTask, *entries: dict[str, Any]) -> Completion:
    mark = Paragraphs.of(about).mark
    text = f"<alignment_{mark}>{json.dumps(entries)}</alignment_{mark}>"
    return replace(said(text), model="judge-1")


VERDICTS = (
    entry(1, earlier=[], reference=[1]),
    entry(2, "wrong", earlier=[1], reference=[2], errors=["calculation"], explanation="It is 10."),
    entry(3, "wrong", earlier=[2], reference=[3], errors=["follows a mistake"]),
    entry(4, "different route", earlier=[], reference=[]),
)


def test_problem_reference_and_every_step_are_in_one_prompt() -> None:
    about = task()
    _, (asked,) = run(judge_reference(about, SETTINGS), lambda request, sample: said(""))
    content, mark = asked.messages[-1].content, Paragraphs.of(about).mark
    for number, text in enumerate(STEPS, 1):
        assert f"<paragraph_{number}_{mark}>\n{text.strip()}\n</paragraph_{number}_{mark}>" in content
    assert f"<part_3_{mark}>\nLess one is 9.\n</part_3_{mark}>" in content
    assert "Ann has 3 apples." in content
    assert "${" not in content


def test_verdicts_become_labels_up_to_the_first_wrong_one() -> None:
    about = task()
    finding, _ = run(judge_reference(about, SETTINGS), lambda request, sample: aligned(about, *VERDICTS))
    assert values(finding) == {0: "good", 1: "bad"}
    assert reasons(finding) == {2: "after the first error", 3: "after the first error"}
    assert finding.silences[0].evidence["said"] == "bad"
    assert finding.opinions[1].text == "It is 10."
    assert finding.opinions[1].evidence == {
        "model": "judge-1",
        "verdict": "wrong",
        "context": "",
        "earlier": [0],
        "reference": [{"part": 1, "text": "Twice that is 10."}],
        "errors": ["calculation"],
    }
    assert (finding.summary["first_error"], finding.summary["different_route"]) == (1, 1)


def test_later_steps_are_labelled_when_asked_for() -> None:
    about, settings = task(), ReferenceSettings(after_error="label")
    finding, _ = run(judge_reference(about, settings), lambda request, sample: aligned(about, *VERDICTS))
    assert values(finding) == {0: "good", 1: "bad", 2: "bad"}
    assert reasons(finding) == {3: "takes another route than the reference"}


def test_other_route_is_a_silence_that_keeps_what_was_said() -> None:
    about = task("By induction 5.\n", "So 10.")
    answer = aligned(about, entry(1, "different route"), entry(2))
    finding, _ = run(judge_reference(about, SETTINGS), lambda request, sample: answer)
    assert values(finding) == {1: "good"}
    (silence,) = finding.silences
    assert (silence.position, silence.evidence["explanation"]) == (0, "about 1")


@pytest.mark.parametrize("solution", [None, "", " \n"])
def test_trace_without_a_worked_solution_is_passed_over(solution: str | None) -> None:
    finding, asked = run(judge_reference(task(solution=solution), SETTINGS), lambda request, sample: said(""))
    assert (asked, reasons(finding)) == ([], {None: "no reference solution"})


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (said("all fine"), "the answer holds no alignment"),
        (aligned(task(), *VERDICTS[:3]), "the alignment is of paragraphs 1, 2, 3, not of all 4 in order"),
        (replace(aligned(task(), *VERDICTS), finish_reason="length"), "the alignment was cut off"),
        (Completion("", "error", error="the prompt is too long"), "the prompt is too long"),
    ],
)
def test_half_an_answer_labels_nothing(completion: Completion, reason: str) -> None:
    finding, _ = run(judge_reference(task(), SETTINGS), lambda request, sample: completion)
    assert (finding.opinions, reasons(finding)) == ((), {None: reason})


def test_step_that_carries_an_alignment_of_its_own_is_not_read() -> None:
    own = f"<alignment>{json.dumps([entry(1)])}</alignment>"
    about = task(own)
    finding, _ = run(judge_reference(about, SETTINGS), lambda request, sample: said(own))
    assert finding.opinions == ()


def test_observations_are_shown_and_not_judged() -> None:
    steps = (StepTask(0, "look", "action"), StepTask(1, "5", "observation"), StepTask(2, "so 10"))
    about = TraceTask("q", steps, reference_solution=SOLUTION)
    answer = aligned(about, entry(1), entry(3))
    finding, (asked,) = run(judge_reference(about, SETTINGS), lambda request, sample: answer)
    assert "<observation_2_" in asked.messages[-1].content
    assert values(finding) == {0: "good", 2: "good"}


@pytest.mark.parametrize(
    ("solution", "parts"),
    [
        ("one", ("one",)),
        ("one\ntwo\n", ("one", "two")),
        ("one\nstill one\n \ntwo\r\n\r\nthree", ("one\nstill one", "two", "three")),
    ],
)
def test_solution_is_cut_at_empty_lines_or_else_at_line_breaks(solution: str, parts: tuple[str, ...]) -> None:
    assert reference_parts(solution) == parts


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("prompt", {"prompt": "panel@v1"}),
        ("prompt", {"prompt": "reference@v99"}),
        ("after_error", {"after_error": "stop"}),
        ("max_tokens", {"max_tokens": 0}),
    ],
)
def test_settings_name_the_field_that_is_wrong(field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        ReferenceSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.field == field
