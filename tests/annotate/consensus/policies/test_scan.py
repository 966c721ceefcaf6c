from __future__ import annotations

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence
from annotate.consensus.policies.scan import ScanSettings, bind
from annotate.consensus.rulings import with_rulings
from annotate.enums import Outcome
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    JUDGE,
    ROLLOUT,
    a_trace_of,
    ruled_at,
    spelled,
    told_with,
)

RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def decided(evidence: TraceEvidence, settings: ScanSettings | None = None) -> tuple[Decision, ...]:
    return with_rulings(bind(settings or ScanSettings(), "recoverable", (ROLLOUT,)))(evidence)


def a_trace(letters: str, counts: list[str], passes: str, outcome: Outcome | None) -> TraceEvidence:
    return told_with(a_trace_of((ROLLOUT, letters), outcome=outcome), ROLLOUT, counts, passes)


def test_the_two_steps_before_the_lost_one_get_soft_targets():
    # z = 3; d = 2: steps 1 and 2 get min(1, MC / SC) with SC = 0.8
    counts = ["8/8", "8/8", "2/8", "0/8", "-"]
    decisions = decided(a_trace("gggb-", counts, "8/10", WRONG))

    assert spelled(decisions) == "gggb."
    assert [d.reason for d in decisions] == [
        "located",
        "soft_target",
        "soft_target",
        "located",
        "after_first_error",
    ]
    assert [d.probability for d in decisions] == [None, 1.0, pytest.approx(0.25 / 0.8), None, None]
    assert decisions[2].explanation == (
        "2 of 8 rollouts succeed, 0.80 of attempts at the question: soft target 0.31."
    )


# letters, counts, pass rate, outcome → steps and the reason of the first
CASES = [
    # right answers: all good, whatever rollouts say and without any
    ("g---", ["-"] * 4, "8/8", RIGHT, "gggg", "right_answer"),
    ("gb-", ["8/8", "0/8", "-"], "8/8", RIGHT, "ggg", "right_answer"),
    # only questions the model mostly solves
    ("gb-", ["8/8", "0/8", "-"], "6/8", WRONG, "gb.", "soft_target"),
    ("gb-", ["8/8", "0/8", "-"], "5/8", WRONG, "...", "too_hard"),
    ("g--", ["-"] * 3, "5/8", RIGHT, "...", "too_hard"),
    ("gb-", ["8/8", "0/8", "-"], "0/0", WRONG, "...", "pass_rate_unknown"),
    # a label that says neither good nor bad loses no step, and grades no answer
    ("gub-", ["8/8", "-", "0/8", "-"], "8/8", WRONG, "....", "rollout_unknown"),
    ("gnb-", ["8/8", "-", "0/8", "-"], "8/8", WRONG, "....", "rollout_unknown"),
    ("ggu", ["8/8", "8/8", "-"], "8/8", RIGHT, "ggg", "right_answer"),
    ("gbu", ["8/8", "0/8", "-"], "8/8", None, "...", "answer_unknown"),
    # the first step is lost; there is no window
    ("b--", ["0/8", "-", "-"], "8/8", WRONG, "b..", "located"),
    # no lost step before the last of a wrong trace
    ("gg-", ["8/8", "8/8", "-"], "8/8", WRONG, "...", "no_lost_step"),
    ("ggb", ["8/8", "8/8", "0/8"], "8/8", WRONG, "...", "no_lost_step"),
    ("b", ["0/8"], "8/8", WRONG, ".", "no_lost_step"),
    # unknown
    ("g-b-", ["8/8", "-", "0/8", "-"], "8/8", WRONG, "....", "rollout_unknown"),
    ("gb-", ["8/8", "0/8", "-"], "8/8", None, "...", "answer_unknown"),
    ("gb-", ["8/8", "0/8", "-"], "8/8", Outcome.UNGRADABLE, "...", "answer_unknown"),
    # two grades that differ are no grade
    ("ggb", ["8/8", "8/8", "0/8"], "8/8", RIGHT, "...", "answer_unknown"),
    ("ggg", ["8/8", "8/8", "8/8"], "8/8", WRONG, "...", "answer_unknown"),
    ("---", ["-"] * 3, "8/8", WRONG, "???", "no_rollout_label"),
    # a share that may have stopped at its first success is no target
    ("gb-", ["1/1", "0/8", "-"], "8/8", WRONG, ".b.", "target_unknown"),
]


@pytest.mark.parametrize(("letters", "counts", "passes", "outcome", "steps", "reason"), CASES)
def test_scan_labels_by_the_first_lost_step(letters, counts, passes, outcome, steps, reason):
    decisions = decided(a_trace(letters, counts, passes, outcome))

    assert spelled(decisions) == steps
    assert decisions[0].reason == reason


def test_the_last_step_of_a_wrong_trace_is_bad_where_that_is_asked_for():
    evidence = a_trace("gg-", ["8/8", "8/8", "-"], "8/8", WRONG)

    assert spelled(decided(evidence, ScanSettings(last_step_is_bad=True))) == "ggb"


def test_the_window_may_be_closed():
    evidence = a_trace("ggb-", ["1/8", "1/8", "0/8", "-"], "8/8", WRONG)

    assert [d.probability for d in decided(evidence, ScanSettings(window=0))] == [None] * 4
    assert decided(evidence, ScanSettings(window=1))[1].probability == 1 / 8


def test_rollouts_never_decide_what_is_correct():
    with pytest.raises(Rejected, match="speak of recoverable only") as refusal:
        bind(ScanSettings(), "verdict", (JUDGE, ROLLOUT))
    assert refusal.value.field == "criterion"


def test_a_reviewers_word_moves_the_lost_step():
    evidence = a_trace("ggb-", ["8/8", "8/8", "0/8", "-"], "8/8", WRONG)

    earlier = decided(ruled_at(evidence, 0, "bad"))
    open_again = decided(ruled_at(evidence, 2, "unsure"))

    assert spelled(earlier) == "b..."
    assert open_again[0].reason == "rollout_unknown"
