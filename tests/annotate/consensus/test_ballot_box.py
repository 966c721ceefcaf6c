from __future__ import annotations

from annotate.consensus.ballot_box import Voting, decided
from annotate.consensus.contracts import Reason
from annotate.consensus.policies.weighted import WeightedSettings
from annotate.consensus.readings import decision
from annotate.enums import Action
from tests.annotate.consensus.policies.evidence import (
    ANN,
    GOLD,
    JUDGE,
    PROBE,
    ROLLOUT,
    TOOL,
    VERDICT,
    a_trace_of,
    ruled_at,
    spelled,
)

EVERYBODY = (ANN, JUDGE, TOOL, GOLD, PROBE, ROLLOUT)
LACKING = Reason("too_few", "Too few", Action.ASK)
SAID = Reason("said", "Said", Action.KEEP)


def voting(**settings) -> Voting:
    return Voting.among(EVERYBODY, "verdict", WeightedSettings(**settings), VERDICT.levels, (LACKING,))


def weigh(step, votes, levels):
    if not levels:
        return decision(LACKING, "None.", votes)
    return decision(SAID, "Said.", votes, next(iter(levels.values())))


def test_who_may_vote():
    assert voting().raters == {ANN.rater, JUDGE.rater, TOOL.rater}
    assert voting(with_machines=False).raters == {ANN.rater}


def test_unsure_and_levels_the_question_lacks_are_no_votes():
    (step,) = a_trace_of((ANN, "u"), (JUDGE, "g"), (GOLD, "b")).steps
    few = Voting(frozenset({"bad"}), voting().raters, True, True, frozenset())

    assert voting().levels_at(step, "verdict") == {JUDGE.rater: "good"}
    assert few.levels_at(step, "verdict") == {}


def test_rulings_first_errors_and_labels_set_aside():
    evidence = a_trace_of((ANN, "gbg"))

    assert spelled(decided(evidence, voting(), weigh)) == "gb."
    assert spelled(decided(evidence, voting(stops_at_first_error=False), weigh)) == "gbg"
    assert spelled(decided(ruled_at(evidence, 0, "bad"), voting(), weigh)) == "b.."
    (missing,) = decided(a_trace_of((ANN, "-"), aside=JUDGE), voting(), weigh)
    (enough,) = decided(a_trace_of((ANN, "g"), aside=JUDGE), voting(), weigh)
    assert missing.reason == "judge_not_trusted"
    assert (enough.reason, "Set aside: judge/one@v1" in enough.explanation) == ("said", True)
