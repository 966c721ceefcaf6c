from __future__ import annotations

import itertools

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence
from annotate.consensus.policies.grounded import GroundedSettings, bind, value_bounds
from annotate.enums import Action, Outcome
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    JUDGE,
    OTHER_JUDGE,
    OTHER_TOOL,
    TOOL,
    a_trace_of,
    ruled_at,
    spelled,
)

RIGHT, WRONG = Outcome.RIGHT, Outcome.WRONG


def decided(evidence: TraceEvidence) -> tuple[Decision, ...]:
    return bind(GroundedSettings(), "verdict", (JUDGE, TOOL, OTHER_TOOL))(evidence)


def published(verdicts: list[int], final: int) -> float:
    """V = (1/N) sum of v_i (N - i)/N + F/N, spelled out."""
    n = len(verdicts)
    return sum(v * (n - i) / n for i, v in enumerate(verdicts, start=1)) / n + final / n


def test_the_value_is_the_published_one():
    for n in range(1, 6):
        for verdicts in itertools.product((-1, 1), repeat=n):
            for final in (-1, 1):
                low, high = value_bounds(verdicts, final)
                assert low == high
                assert low / n**2 == pytest.approx(published(list(verdicts), final))


# judge, tool, outcome → steps, reason of the first
CASES = [
    # by hand, N = 3: v = + + +, F = +: 2/9 + 1/9 + 3/9 > 0
    ("ggg", "ggg", RIGHT, "ggg", "agreed"),
    ("bgg", "ggg", RIGHT, ".gg", "signs_differ"),
    # v = + - -, F = -: 2/9 - 1/9 - 3/9 < 0, then -1/4 - 1/2, then -1
    ("bbb", "gbb", WRONG, "bbb", "agreed"),
    ("gbb", "gbb", WRONG, ".bb", "signs_differ"),
    # a refuted first step does not outweigh a right answer: -2 + 1 + 3 = 2
    ("ggg", "bgg", RIGHT, "ggg", "agreed"),
    # N = 3: -2 - 1 + 3 = 0 has no sign; then -1 + 2 > 0
    ("bgg", "bbg", RIGHT, ".gg", "value_zero"),
    # the last step counts by its grade alone
    ("g", "b", RIGHT, "g", "agreed"),
    ("g", "g", WRONG, ".", "signs_differ"),
    # neutral is not wrong, and is kept as said
    ("ngg", "ggg", RIGHT, "ngg", "agreed"),
    # what no tool could check matters only where it could turn the sign: 3 + (2 or -2) + 1 > 0
    ("ggg", "-gg", RIGHT, "ggg", "agreed"),
    ("gggg", "--g-", RIGHT, ".ggg", "value_unknown"),
    # an answer nobody graded may be either: 2 + 1 ± 3 touches 0, 3 + 2 + 1 ± 4 does not
    ("ggg", "ggg", None, "...", "value_unknown"),
    ("gggggg", "gggggg", None, "ggg...", "agreed"),
    ("ggg", "ggg", Outcome.TRUNCATED, "...", "value_unknown"),
    # nobody looked
    ("ggg", "---", RIGHT, "???", "no_verifier_label"),
    ("---", "ggg", RIGHT, "???", "no_judge_label"),
    ("gug", "ggg", RIGHT, "g?g", "agreed"),
    # a judge that stopped at its first error leaves the rest unassessed, whether that step is kept or not
    ("bb-", "bb-", WRONG, "bb.", "agreed"),
    ("b--", "ggg", RIGHT, "...", "signs_differ"),
]


@pytest.mark.parametrize(("judge", "tool", "outcome", "steps", "reason"), CASES)
def test_a_step_is_kept_where_the_signs_agree(judge, tool, outcome, steps, reason):
    decisions = decided(a_trace_of((JUDGE, judge), (TOOL, tool), outcome=outcome))

    assert spelled(decisions) == steps
    assert decisions[0].reason == reason
    assert all(one.explanation for one in decisions)


def test_one_refutation_outweighs_another_tools_support():
    evidence = a_trace_of((JUDGE, "bbb"), (TOOL, "ggg"), (OTHER_TOOL, "bbb"), outcome=WRONG)

    assert spelled(decided(evidence)) == "bbb"


def test_nothing_is_kept_whose_sign_an_unknown_could_turn():
    for tool in itertools.product("gb-", repeat=4):
        if set(tool) == {"-"}:
            continue
        evidence = a_trace_of((JUDGE, "gggg"), (TOOL, "".join(tool)), outcome=RIGHT)
        for place, one in enumerate(decided(evidence)):
            if one.action == Action.KEEP:
                worst = [1 if letter == "g" else -1 for letter in tool[place:]]
                assert published(worst, 1) > 0


def test_a_ruling_counts_as_a_verdict_of_the_tools():
    evidence = a_trace_of((JUDGE, "ggg"), (TOOL, "--g"), outcome=None)

    assert decided(evidence)[0].reason == "value_unknown"
    assert "value" in decided(ruled_at(evidence, 0, "good"))[0].explanation


def test_two_judges_need_a_choice_and_a_distrusted_one_is_named():
    with pytest.raises(Rejected, match=OTHER_JUDGE.name):
        bind(GroundedSettings(), "verdict", (JUDGE, OTHER_JUDGE, TOOL))
    decisions = decided(a_trace_of((TOOL, "gg"), outcome=RIGHT, aside=JUDGE))
    assert {d.reason for d in decisions} == {"judge_not_trusted"}
