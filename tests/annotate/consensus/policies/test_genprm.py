from __future__ import annotations

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence, Voter
from annotate.consensus.policies.genprm import GenprmSettings, bind
from annotate.consensus.rulings import with_rulings
from annotate.enums import Outcome
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    JUDGE,
    OTHER_JUDGE,
    OTHER_ROLLOUT,
    ROLLOUT,
    a_trace_of,
    ruled_at,
    spelled,
    told_with,
)

RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def decided(
    evidence: TraceEvidence, *voters: Voter, settings: GenprmSettings | None = None
) -> tuple[Decision, ...]:
    return with_rulings(bind(settings or GenprmSettings(), "verdict", voters or (JUDGE, ROLLOUT)))(evidence)


def a_trace(judge: str, counts: list[str], passes: str, outcome: Outcome | None) -> TraceEvidence:
    letters = "".join("-" if count == "-" else "g" for count in counts)
    return told_with(a_trace_of((JUDGE, judge), (ROLLOUT, letters), outcome=outcome), ROLLOUT, counts, passes)


# judge, counts after each step, pass rate, outcome → steps and the reason of the first.
# The ratio that counts is written beside; 1 where it is at least 0.8.
CASES = [
    # 1.0, then 0.25 / 1
    ("gbg", ["8/8", "2/8", "-"], "8/8", WRONG, "gb.", "agreed"),
    # a success is left, but the chance of one has fallen: lessons would call it good
    ("ggb", ["8/8", "2/8", "-"], "8/8", WRONG, "...", "labels_differ"),
    # exactly 0.8 is enough: 32/40 over 40/40
    ("gg", ["32/40", "-"], "40/40", RIGHT, "gg", "agreed"),
    ("gg", ["31/40", "-"], "40/40", RIGHT, "..", "labels_differ"),
    ("bg", ["31/40", "-"], "40/40", RIGHT, "b.", "agreed"),
    # the first step is held against the pass rate of the question: 4/16 over 5/16 is 0.8
    ("gg", ["4/16", "-"], "5/16", RIGHT, "gg", "agreed"),
    # ratios do not add up: 0.9 then 0.9 of that, although 0.81 of the start
    ("ggg", ["90/100", "81/100", "-"], "100/100", RIGHT, "ggg", "agreed"),
    # the last step is graded: 0 over anything is 0, 1 over anything is at least 1
    ("ggb", ["8/8", "8/8", "-"], "8/8", WRONG, "ggb", "agreed"),
    ("ggg", ["8/8", "8/8", "-"], "8/8", WRONG, "...", "labels_differ"),
    ("gng", ["8/8", "8/8", "-"], "8/8", RIGHT, "gng", "agreed"),
    ("b", ["-"], "8/8", WRONG, "?", "no_rollout_label"),
    # right answers are no exemption
    ("gbg", ["8/8", "2/8", "-"], "8/8", RIGHT, "gb.", "agreed"),
    # unknown: no attempts at the question, none of them right, too few rollouts, none, no grade
    ("gg", ["8/8", "-"], "0/0", RIGHT, "..", "progress_unknown"),
    ("gg", ["8/8", "-"], "0/8", RIGHT, "..", "progress_unknown"),
    ("gg", ["1/1", "-"], "8/8", RIGHT, "..", "progress_unknown"),
    ("ggg", ["8/8", "-", "-"], "8/8", RIGHT, "...", "progress_unknown"),
    ("gg", ["8/8", "-"], "8/8", None, "..", "progress_unknown"),
    ("gg", ["8/8", "-"], "8/8", Outcome.TRUNCATED, "..", "progress_unknown"),
    # unknown on the judge's side
    ("gu", ["8/8", "-"], "8/8", RIGHT, "..", "judge_unknown"),
    ("g-", ["8/8", "-"], "8/8", RIGHT, "..", "judge_unknown"),
    # what comes behind the first error does not matter
    ("gbu", ["8/8", "0/8", "-"], "8/8", None, "gb.", "agreed"),
    # somebody has not looked
    ("--", ["8/8", "-"], "8/8", RIGHT, "??", "no_judge_label"),
    ("gg", ["-", "-"], "8/8", RIGHT, "??", "no_rollout_label"),
]


@pytest.mark.parametrize(("judge", "counts", "passes", "outcome", "steps", "reason"), CASES)
def test_every_step_must_agree(judge, counts, passes, outcome, steps, reason):
    decisions = decided(a_trace(judge, counts, passes, outcome))

    assert spelled(decisions) == steps
    assert decisions[0].reason == reason
    assert all(one.explanation and one.probability is None for one in decisions)


def test_epsilon_and_the_least_number_of_rollouts_are_settings():
    evidence = a_trace("gg", ["1/2", "-"], "2/2", RIGHT)

    strict = decided(evidence, settings=GenprmSettings(min_rollouts=2))
    loose = decided(evidence, settings=GenprmSettings(min_rollouts=2, epsilon=0.5))

    assert (spelled(strict), spelled(loose)) == ("..", "gg")


@pytest.mark.parametrize(
    ("settings", "voters", "field"),
    [
        (GenprmSettings(), (JUDGE, OTHER_JUDGE, ROLLOUT), "judge"),
        (GenprmSettings(), (JUDGE, ROLLOUT, OTHER_ROLLOUT), "rollout"),
        (GenprmSettings(judge="nobody"), (JUDGE, ROLLOUT), "judge"),
    ],
)
def test_who_is_meant_must_be_settled(settings, voters, field):
    with pytest.raises(Rejected) as refusal:
        bind(settings, "verdict", voters)
    assert refusal.value.field == field


@pytest.mark.parametrize("bad", [{"epsilon": 0}, {"epsilon": 1.1}, {"min_rollouts": 0}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(Rejected) as refusal:
        GenprmSettings(**bad)
    assert refusal.value.field in bad


def test_a_reviewers_word_stands_for_the_judges():
    evidence = a_trace("ggg", ["8/8", "2/8", "-"], "8/8", WRONG)

    decisions = decided(ruled_at(evidence, 1, "bad"))

    assert [d.reason for d in decisions] == ["agreed", "reviewer_decided", "after_first_error"]


def test_a_judge_below_the_gate_is_the_reason():
    evidence = a_trace_of((ROLLOUT, "gg"), outcome=RIGHT, aside=JUDGE)

    assert {d.reason for d in decided(evidence)} == {"judge_not_trusted"}
