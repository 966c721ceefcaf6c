from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.continuations.rollouts import Rollouts, RolloutSettings
from annotate.prelabel.contracts import Completion, Request, StepTask, Strategy, TraceTask
from annotate.prelabel.rollout.bisect import BisectSettings, bisect
from annotate.prelabel.rollout.fixed import FixedSettings, roll_out_every_step
from annotate.prelabel.rollout.scan import ScanSettings, scan
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, said, trace, values

AGENT = TraceTask(
    "Find the price.",
    (
        StepTask(0, "I look it up.\n", "thought"),
        StepTask(1, "search('price')\n", "action"),
        StepTask(2, "It costs 40.\n", "observation"),
        StepTask(3, "Shipping is 2.\n", "observation"),
        StepTask(4, "40 + 2 = 42\n", "thought"),
        StepTask(5, RIGHT, "thought"),
    ),
    "42",
)


@st.composite
def monotone(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """Steps, the first lost one (their number: none) and, per step before it, the sample that first succeeds."""
    steps = draw(st.integers(1, 12))
    error = draw(st.integers(0, steps))
    return steps, error, draw(st.lists(st.integers(0, 7), min_size=error, max_size=error))


@given(monotone())
def test_fixed_scan_and_bisect_agree_where_what_is_lost_stays_lost(case: tuple[int, int, list[int]]) -> None:
    steps, error, firsts = case
    task = trace(*(f"step {i}\n" for i in range(steps - 1)), WRONG if error < steps else RIGHT)
    answer = rolled(
        {i: "w" * firsts[i] + "r" if i < error else "w" for i in range(steps)}  # by position
    )
    plain = {"sc_samples": 0}
    starts: list[Strategy] = [
        roll_out_every_step(task, FixedSettings(**plain)),
        scan(task, ScanSettings(**plain)),
        bisect(task, BisectSettings(**plain)),
    ]
    findings = [run(start, answer)[0] for start in starts]
    for finding in findings:
        assert finding.summary["first_error"] == (error if error < steps else None)
        expected = {i: "bad" if i == error else "good" for i in range(min(error + 1, steps))}
        assert values(finding) == expected
        assert set(reasons(finding)) == set(range(steps)) - set(expected)
    spent = [finding.summary["rollouts"] for finding in findings]
    assert spent[0] == 8 * (steps - 1)
    assert max(spent) == spent[0], "stopping early never costs more than drawing in full"


def test_no_rollout_stands_between_an_action_and_its_observation() -> None:
    finding, asked = run(scan(AGENT, ScanSettings(sc_samples=0)), rolled({}))
    assert [request.about for request in asked] == [0, 1, 4]
    after_action = asked[1].messages
    assert [message.role for message in after_action] == ["user", "assistant", "user"]
    assert after_action[-1].content == "It costs 40.\nShipping is 2.\n"
    assert set(values(finding)) == {0, 1, 4, 5}, "an observation is nobody's step to be judged"
    assert reasons(finding) == {}


def test_last_own_step_is_graded_even_with_an_observation_behind_it() -> None:
    task = TraceTask("p", (*AGENT.steps, StepTask(6, "Thank you.", "observation")), "42")
    finding, asked = run(scan(task, ScanSettings(sc_samples=0)), rolled({}))
    assert values(finding)[5] == "good"
    assert 5 not in {request.about for request in asked}


def test_attempts_at_the_bare_problem_are_one_question_for_all_its_traces() -> None:
    asked = [
        run(scan(trace(first, RIGHT), ScanSettings(sc_samples=6)), rolled({None: "rw"}))[1]
        for first in ("a\n", "b\n")
    ]
    bare = [[request for request in requests if request.about is None] for requests in asked]
    assert [request.n for requests in bare for request in requests] == [6, 6]
    assert bare[0][0].digest == bare[1][0].digest
    assert asked[0][1].digest != asked[1][1].digest
    assert bare[0][0].purpose == "self-confidence"


def test_pass_rate_of_the_question_stands_in_every_label_and_in_the_totals() -> None:
    finding, _ = run(scan(trace("a\n", RIGHT), ScanSettings(sc_samples=4)), rolled({None: "rwwt"}))
    for shown in (*(opinion.evidence for opinion in finding.opinions), finding.summary):
        assert (shown["self_confidence"], shown["self_confidence_n"]) == (0.333333, 3), "of the known ones"


def test_pass_rate_of_nothing_known_is_left_out() -> None:
    finding, _ = run(scan(trace("a\n", RIGHT), ScanSettings(sc_samples=4)), rolled({None: "t"}))
    assert "self_confidence" not in finding.summary


def test_totals_count_all_completions_and_their_tokens() -> None:
    def answer(request: Request, sample: int) -> Completion:
        return Completion(RIGHT, "stop", sample, completion_tokens=10 if request.about is None else 7)

    settings = FixedSettings(k=4, sc_samples=3)
    finding, _ = run(roll_out_every_step(trace("a\n", "b\n", RIGHT), settings), answer)
    assert finding.summary == {
        "outcome": "no error",
        "first_error": None,
        "rollouts": 3 + 2 * 4,
        "tokens": 3 * 10 + 2 * 4 * 7,
        "self_confidence": 1.0,
        "self_confidence_n": 3,
    }


def test_answer_standing_in_the_prefix_does_not_leak_into_the_grade() -> None:
    task = trace("The answer is \\boxed{42}.\n", RIGHT)
    finding, _ = run(
        scan(task, ScanSettings(sc_samples=0)), lambda request, sample: said(" That was said above.")
    )
    assert reasons(finding) == {0: "too many rollouts without an outcome"}
    assert finding.silences[0].evidence["outcomes"] == "u" * 8


def test_length_is_unknown_even_when_the_text_states_the_right_answer() -> None:
    finding, _ = run(scan(trace("a\n", RIGHT), ScanSettings(sc_samples=0)), rolled({0: "t"}))
    assert finding.silences[0].evidence["truncated"] == 8
    assert 0 not in values(finding)


@pytest.mark.parametrize(
    ("letters", "verdict", "outcomes"),
    [
        ("rrrrwwtt", True, "rrrrwwtt"),
        ("rrrwwwtt", False, "rrrwwwtt"),
        ("wwwwrrrr", False, "wwww"),
        ("rrrrrwww", True, "rrrrrwww"),
        ("ttwwrrrr", True, "ttwwrrrr"),
    ],
)
def test_unknown_rollouts_leave_the_share_that_a_threshold_is_held_against(
    letters: str, verdict: bool, outcomes: str
) -> None:
    """Good from more than half on: of eight rollouts five, of six known ones four."""
    rollouts = Rollouts(trace("a\n", RIGHT), RolloutSettings(first_wave=2))
    drawing, answer, sample = rollouts.draw_until_success(0, 8, 0.5), rolled({0: letters}), 0
    try:
        batch = next(drawing)
        while True:
            replies = [answer(batch[0], sample + i) for i in range(batch[0].n)]
            sample += len(replies)
            batch = drawing.send([replies])
    except StopIteration:
        pass
    assert rollouts.verdict(0, 8, 0.5) is verdict
    assert rollouts.tally(0).outcomes == outcomes
