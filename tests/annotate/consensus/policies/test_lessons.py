from __future__ import annotations

import itertools

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence, Voter
from annotate.consensus.policies.lessons import LessonsSettings, bind
from annotate.enums import Action, Outcome
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    ANN,
    JUDGE,
    OTHER_JUDGE,
    OTHER_ROLLOUT,
    PROBE,
    ROLLOUT,
    a_trace_of,
)

RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def decided(
    evidence: TraceEvidence, *voters: Voter, settings: LessonsSettings | None = None
) -> tuple[Decision, ...]:
    return bind(settings or LessonsSettings(), "verdict", voters or (JUDGE, ROLLOUT))(evidence)


def spelled(decisions: tuple[Decision, ...]) -> str:
    """``g``, ``n`` or ``b`` for a kept step, ``.`` for a dropped one, ``?`` for one to ask about."""
    marks = {Action.DROP: ".", Action.ASK: "?"}
    return "".join(marks.get(d.action, d.value[:1]) for d in decisions)


# (judge, rollouts, outcome) → what happens to the steps, and why to the first one
CASES = [
    # agreement on the place
    ("ggb", "ggb", WRONG, "ggb", "agreed"),
    ("gbg", "gb-", WRONG, "gb.", "agreed"),
    ("b--", "b--", WRONG, "b..", "agreed"),
    # agreement that there is none: the last step is graded, so it needs no rollout of its own
    ("ggg", "gg-", RIGHT, "ggg", "agreed"),
    ("gng", "ggg", RIGHT, "gng", "agreed"),
    ("ggg", "ggg", None, "ggg", "agreed"),
    # a wrong answer without an earlier zero puts the first error at the last step
    ("ggb", "gg-", WRONG, "ggb", "agreed"),
    ("ggg", "gg-", WRONG, "...", "first_errors_differ"),
    # a right answer although the judge found an error; a judge who saw none in a lost trace
    ("gbg", "gg-", RIGHT, "...", "first_errors_differ"),
    ("ggg", "gb-", WRONG, "...", "first_errors_differ"),
    ("gbg", "b--", WRONG, "...", "first_errors_differ"),
    # unknown is not "no error", on either side
    ("gg-", "ggg", RIGHT, "...", "judge_unknown"),
    ("g-b", "ggb", WRONG, "...", "judge_unknown"),
    ("gug", "ggg", RIGHT, "...", "judge_unknown"),
    ("ggg", "g--", RIGHT, "...", "rollout_unknown"),
    ("ggg", "gg-", None, "...", "rollout_unknown"),
    ("ggg", "gg-", Outcome.UNGRADABLE, "...", "rollout_unknown"),
    ("ggg", "gg-", Outcome.TRUNCATED, "...", "rollout_unknown"),
    # a rollout that says neither good nor bad has not said that a step is lost
    ("gbg", "gu-", WRONG, "...", "rollout_unknown"),
    ("gbg", "gn-", WRONG, "...", "rollout_unknown"),
    ("ggb", "ggu", None, "...", "rollout_unknown"),
    ("ggg", "ggu", RIGHT, "ggg", "agreed"),
    # two grades of the last step that contradict each other are no grade
    ("ggg", "ggb", RIGHT, "...", "rollout_unknown"),
    # what comes behind the first error does not matter
    ("gbu", "gb-", WRONG, "gb.", "agreed"),
    # a source that never looked is a question, not a verdict
    ("---", "ggg", RIGHT, "???", "no_judge_label"),
    ("ggg", "---", RIGHT, "???", "no_rollout_label"),
    ("---", "---", None, "???", "no_judge_label"),
    # one step: only its answer can be graded
    ("g", "-", RIGHT, "g", "agreed"),
    ("b", "-", WRONG, "b", "agreed"),
    ("g", "-", WRONG, ".", "first_errors_differ"),
    ("g", "-", None, "?", "no_rollout_label"),
    ("g", "g", None, "g", "agreed"),
]


@pytest.mark.parametrize(("judge", "rollouts", "outcome", "steps", "reason"), CASES)
def test_lessons_decides_by_the_place_of_the_first_error(judge, rollouts, outcome, steps, reason):
    decisions = decided(a_trace_of((JUDGE, judge), (ROLLOUT, rollouts), outcome=outcome))

    assert spelled(decisions) == steps
    assert decisions[0].reason == reason
    assert all(decision.explanation for decision in decisions)


def test_steps_behind_the_agreed_error_say_so():
    decisions = decided(a_trace_of((JUDGE, "gbg"), (ROLLOUT, "gbg"), outcome=WRONG))

    assert [d.reason for d in decisions] == ["agreed", "agreed", "after_first_error"]
    assert decisions[2].explanation == "The first error is at step 2."


def test_the_labels_that_spoke_are_named_step_by_step():
    decisions = decided(a_trace_of((JUDGE, "gb"), (ROLLOUT, "g-"), (ANN, "gg"), outcome=WRONG))

    assert [d.spoke for d in decisions] == [(100, 300), (101,)]


def test_a_difference_names_both_places():
    decisions = decided(a_trace_of((JUDGE, "ggb"), (ROLLOUT, "gb-"), outcome=WRONG))

    assert decisions[0].explanation == "First error: step 2 by rollouts, step 3 by the judge."


def test_one_success_among_several_rollout_raters_is_enough():
    evidence = a_trace_of((JUDGE, "ggb"), (ROLLOUT, "gb-"), (OTHER_ROLLOUT, "bg-"), outcome=WRONG)
    only_first = LessonsSettings(rollouts=(ROLLOUT.name,))

    both = decided(evidence, JUDGE, ROLLOUT, OTHER_ROLLOUT)
    first = decided(evidence, JUDGE, ROLLOUT, OTHER_ROLLOUT, settings=only_first)

    assert spelled(both) == "ggb"
    assert spelled(first) == "..."


def test_two_judges_without_a_choice_are_refused_by_name():
    evidence = a_trace_of((JUDGE, "gg"), (OTHER_JUDGE, "gb"), (ROLLOUT, "g-"), outcome=WRONG)
    voters = (JUDGE, OTHER_JUDGE, ROLLOUT)

    with pytest.raises(Rejected) as refusal:
        decided(evidence, *voters)
    chosen = decided(evidence, *voters, settings=LessonsSettings(judge=OTHER_JUDGE.name))

    assert refusal.value.field == "judge"
    assert JUDGE.name in refusal.value.reason
    assert OTHER_JUDGE.name in refusal.value.reason
    assert spelled(chosen) == "gb"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (LessonsSettings(judge="judge/gone"), "judge"),
        (LessonsSettings(rollouts=("rollout/gone",)), "rollouts"),
    ],
)
def test_a_rater_without_such_labels_is_refused(settings, field):
    with pytest.raises(Rejected, match="these have:") as refusal:
        bind(settings, "verdict", (JUDGE, ROLLOUT))
    assert refusal.value.field == field


def test_a_probe_is_no_judge_even_when_named():
    evidence = a_trace_of((PROBE, "gb"), (ROLLOUT, "g-"), outcome=WRONG)

    unnamed = decided(evidence, PROBE, ROLLOUT)
    with pytest.raises(Rejected) as refusal:
        decided(evidence, PROBE, ROLLOUT, settings=LessonsSettings(judge=PROBE.name))

    assert {d.reason for d in unnamed} == {"no_judge_label"}
    assert refusal.value.field == "judge"


def test_a_person_may_be_named_as_the_judge():
    evidence = a_trace_of((ANN, "gb"), (ROLLOUT, "g-"), outcome=WRONG)

    decisions = decided(evidence, ANN, ROLLOUT, settings=LessonsSettings(judge="ann"))

    assert spelled(decisions) == "gb"


def test_a_kept_trace_always_has_agreeing_known_places():
    """Over every pair of three-step stories: nothing is kept unless both sources place the error alike."""
    for judge, rollouts in itertools.product(
        itertools.product("gbu-", repeat=3), itertools.product("gb-", repeat=3)
    ):
        for outcome in (RIGHT, WRONG, None):
            evidence = a_trace_of((JUDGE, "".join(judge)), (ROLLOUT, "".join(rollouts)), outcome=outcome)
            kept = [d.value for d in decided(evidence) if d.action == Action.KEEP]
            if not kept:
                continue
            error = kept.index("bad") if "bad" in kept else None
            assert kept == ["good"] * (3 if error is None else error) + ([] if error is None else ["bad"])
            assert list(judge[: len(kept)]) == [value[0] for value in kept]
            if error is None:
                assert "b" not in rollouts
                assert outcome != WRONG


def test_a_judge_below_the_gate_is_not_heard_and_the_decision_says_so():
    evidence = a_trace_of((ROLLOUT, "gb-"), outcome=WRONG, aside=JUDGE)

    decisions = decided(evidence)

    assert {(d.action, d.reason, d.value) for d in decisions} == {(Action.ASK, "judge_not_trusted", "")}
    assert decisions[0].explanation == "judge/one@v1 is below the project's gate (too low)."
    assert decisions[0].spoke == (300,)


def test_another_judge_set_aside_changes_nothing():
    evidence = a_trace_of((JUDGE, "gb-"), (ROLLOUT, "gb-"), outcome=WRONG, aside=OTHER_JUDGE)

    assert [d.reason for d in decided(evidence)] == ["agreed", "agreed", "after_first_error"]
