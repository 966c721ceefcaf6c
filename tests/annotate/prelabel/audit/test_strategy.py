from __future__ import annotations

import re
from dataclasses import replace

import pytest

from annotate.errors import Rejected
from annotate.prelabel.audit.kinds import TRACES
from annotate.prelabel.audit.strategy import AuditSettings, audit
from annotate.prelabel.contracts import Finding, Message, Opinion, Request, Strategy, TraceTask
from tests.annotate.prelabel.answering import run, said
from tests.annotate.prelabel.audit.of_traces.judges import (
    ORDERED,
    PER_STEP,
    SOLUTION,
    JudgeSettings,
    audited,
    rate,
    step_of,
    trace,
    whole,
)

SUM = re.compile(r"(\d+) ?([-−+×]) ?(\d+) ?= ?(\d+)")


def careful(request: Request) -> str:
    """Does the sums, and wants to see some mathematics or an answer in every step of more than a few letters."""
    text = step_of(request)
    for left, sign, right, result in SUM.findall(text):
        value = {"+": int(left) + int(right), "×": int(left) * int(right)}.get(sign, int(left) - int(right))
        if value != int(result):
            return "bad"
    if not re.search(r"\d", text):
        return "neutral" if not text.strip() else "bad"
    return "good"


def test_a_careful_judge_holds_everywhere():
    counts = audited(trace(first_error=-1, solution="".join(SOLUTION)), careful)

    assert {name: rate(one) for name, one in counts.items() if rate(one)[1]} == {
        "master_key_alone": (10, 10),
        "master_key_appended": (10, 10),
        "gold_solution": (1, 1),
        "flipped_digit": (1, 1),
        "inserted_step": (2, 2),
        "reworded": (2, 2),
        "expert_claim": (1, 1),
        "appended_problem": (1, 1),
        "bias_verbosity": (1, 1),
        "bias_bandwagon": (1, 1),
        "bias_sentiment": (1, 1),
        "self_consistency": (3, 3),
    }
    assert list(counts) == list(TRACES.families)


def test_a_judge_that_likes_everything_falls_for_every_key_and_sees_no_planted_error():
    counts = audited(trace(first_error=-1), lambda request: "good")

    assert rate(counts["master_key_alone"]) == rate(counts["master_key_appended"]) == (0, 10)
    assert rate(counts["flipped_digit"]) == (0, 1)
    assert rate(counts["gold_solution"]) == (1, 1)
    assert counts["flipped_digit"]["examples"][0]["why"].startswith("no error, not first error at step")


def test_a_judge_that_dislikes_everything_refuses_keys_and_known_solutions_alike():
    counts = audited(trace(first_error=-1), lambda request: "bad")

    assert rate(counts["master_key_alone"]) == (10, 10)
    assert rate(counts["gold_solution"]) == (0, 1)
    assert rate(counts["flipped_digit"]) == (0, 0)
    assert counts["flipped_digit"]["skipped"] == {"the judge called it wrong before the digit was changed": 1}
    assert counts["inserted_step"]["examples"][0]["why"] == "the added step was called wrong"


def test_what_the_judge_leaves_open_counts_as_neither():
    counts = audited(trace(first_error=-1, solution="2 + 2 = 4\n"), lambda request: "I would rather not")

    assert all(rate(one) == (0, 0) for one in counts.values())
    assert counts["master_key_alone"]["unread"] == {"I would rather not": 10}
    assert counts["gold_solution"]["unread"] == {"I would rather not": 1}


def test_an_unsure_verdict_is_open_too():
    counts = audited(trace(), lambda request: "unsure")

    assert counts["master_key_alone"]["unread"] == {"the judge said unsure": 10}


def test_without_any_truth_nothing_is_asked_that_would_need_it():
    counts = audited(trace(), careful)

    assert counts["gold_solution"]["skipped"] == {
        "neither a worked solution nor a gold key that finds no error": 1
    }
    assert counts["flipped_digit"]["skipped"] == {"no step here is known to be right": 1}
    assert counts["bias_bandwagon"]["skipped"] == {"no gold key says where the first error is": 1}
    assert rate(counts["master_key_alone"]) == (10, 10)


def test_swayed_judges_are_told_from_wrong_ones():
    def crowd_pleaser(request: Request) -> str:
        return "bad" if "contains an error" in request.messages[0].content else careful(request)

    swayed = audited(trace(first_error=-1), crowd_pleaser)
    was_wrong = audited(trace(first_error=1), crowd_pleaser)

    assert rate(swayed["bias_bandwagon"]) == (0, 1)
    assert swayed["bias_bandwagon"]["examples"][0]["why"] == "was no error, now first error at step 1"
    assert rate(swayed["bias_verbosity"]) == (1, 1)
    # It saw no error where the key has one: a judgement that was wrong before cannot be swayed from right.
    assert rate(was_wrong["bias_bandwagon"]) == (1, 1)


def test_a_judge_that_believes_experts_is_caught():
    def believer(request: Request) -> str:
        return "good" if "expert" in step_of(request) else careful(request)

    wrong = trace("3 get off, so 10 - 3 = 8.\n", "7 get on, so 8 + 7 = 15.\n", first_error=0)

    counts = audited(wrong, believer)

    assert rate(counts["expert_claim"]) == (0, 1)
    assert counts["expert_claim"]["examples"][0]["why"] == "step 1 was wrong, now right"


def test_votes_that_differ_lower_the_consistency():
    counts = audited(trace(), lambda request: "bad" if request.purpose.startswith("2 ") else careful(request))

    assert rate(counts["self_consistency"]) == (2, 3)
    assert counts["self_consistency"]["variants"] == {"vote 2": [1, 0], "vote 3": [0, 1], "vote 4": [1, 0]}


@pytest.mark.parametrize("settings", [{"temperature": 0.0}])
def test_a_judge_without_chance_has_no_votes_to_compare(settings):
    counts = audited(trace(), careful, settings={"seed": 0, **settings})

    assert counts["self_consistency"]["skipped"] == {"at temperature 0 the judge draws nothing by chance": 1}


def test_the_order_of_answers_is_turned_for_judges_that_have_one():
    def last_wins(request: Request) -> str:
        return careful(request) if request.purpose.endswith("good") else "bad"

    task = trace(first_error=-1)

    assert rate(audited(task, last_wins, judge=ORDERED)["bias_position"]) == (0, 1)
    assert rate(audited(task, careful, judge=ORDERED)["bias_position"]) == (1, 1)
    assert audited(task, last_wins)["bias_position"]["skipped"] == {
        "the judge offers no answers in an order of its own": 1
    }


def test_a_judge_of_whole_traces_is_asked_the_same():
    counts = audited(trace(first_error=-1, solution="".join(SOLUTION)), careful, judge=whole(PER_STEP))

    assert rate(counts["master_key_alone"]) == (9, 10)  # a blank step is "neutral", so nothing is bad
    assert rate(counts["flipped_digit"]) == (1, 1)
    assert rate(counts["gold_solution"]) == (1, 1)


def test_a_judge_that_breaks_on_a_probe_leaves_it_open():
    def fragile(task: TraceTask, settings: JudgeSettings) -> Strategy:
        if any(not step.text.strip() for step in task.steps):
            raise ZeroDivisionError("nothing to divide")
        yield [Request((Message("user", "?"),))]
        return Finding(tuple(Opinion(step.position, "good") for step in task.steps))

    counts = audited(trace(), careful, judge=replace(PER_STEP, factory=fragile))

    assert counts["master_key_alone"]["unread"] == {
        "the judge broke: ZeroDivisionError: nothing to divide": 1
    }
    assert rate(counts["master_key_alone"]) == (0, 9)


def test_everything_is_asked_in_one_wave_when_the_judge_needs_one():
    strategy = audit(trace(first_error=-1), AuditSettings(PER_STEP.name), PER_STEP)

    wave = next(strategy)

    assert len(wave) > 60
    with pytest.raises(StopIteration):
        strategy.send([[said("good")] for _ in wave])


def test_judges_see_nothing_of_what_is_known():
    seen = []

    def nosy(task: TraceTask, settings: JudgeSettings) -> Strategy:
        seen.append((task.outcome, task.first_error_hint))
        yield [Request((Message("user", "?"),))]
        return Finding()

    audited(trace(first_error=1, outcome="wrong"), careful, judge=replace(PER_STEP, factory=nosy))

    assert set(seen) == {(None, None)}


def test_a_trace_without_steps_is_left():
    empty = TraceTask("What is 1 + 1?", ())

    finding, asked = run(
        audit(empty, AuditSettings(PER_STEP.name), PER_STEP), lambda request, sample: said("good")
    )

    assert asked == []
    assert finding.silences[0].reason == "the trace has no steps"


def test_a_single_vote_is_refused():
    with pytest.raises(Rejected) as refusal:
        AuditSettings(PER_STEP.name, votes=1)
    assert refusal.value.field == "votes"
