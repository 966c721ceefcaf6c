from __future__ import annotations

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence, Voter
from annotate.consensus.policies.spark import SparkSettings, bind
from annotate.consensus.rulings import with_rulings
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    ANN,
    GOLD,
    JUDGE,
    OTHER_JUDGE,
    a_trace_of,
    merged_from,
    ruled_at,
    spelled,
)


def decided(evidence: TraceEvidence, *voters: Voter, **settings) -> tuple[Decision, ...]:
    return with_rulings(bind(SparkSettings(**settings), "verdict", voters or (JUDGE,)))(evidence)


def test_each_step_is_what_most_verifications_say():
    verifications = ("ggbg", "gbbg", "gbgb", "gbbg", "ggbb")
    evidence = merged_from(a_trace_of((JUDGE, "gggg")), JUDGE, *verifications)

    decisions = decided(evidence, stops_at_first_error=False)

    assert spelled(decisions) == "gbbg"
    assert decisions[1].explanation == "3 of 5 verifications say bad."
    assert {d.probability for d in decisions} == {None}


@pytest.mark.parametrize(
    ("verifications", "reason"),
    [
        (("g", "b"), "tie"),
        (("g", "b", "u"), "tie"),
        (("g", "g", "u"), "majority"),
        (("g", "u", "u"), "too_few_verifications"),
        (("u", "u"), "too_few_verifications"),
        (("n", "g", "b", "b"), "tie"),
        (("g",), "too_few_verifications"),
    ],
)
def test_ties_and_the_unknown_go_to_people(verifications, reason):
    evidence = merged_from(a_trace_of((JUDGE, "g")), JUDGE, *verifications)

    assert [d.reason for d in decided(evidence)] == [reason]


def test_who_stopped_before_a_step_does_not_vote_on_it():
    evidence = merged_from(a_trace_of((JUDGE, "ggg")), JUDGE, 0, -1, -1, 2, 2, 2)

    decisions = decided(evidence)

    assert spelled(decisions) == "ggb"
    assert decisions[2].explanation == "3 of 5 verifications say bad."


def test_after_the_first_error_nothing_is_assessed():
    evidence = merged_from(a_trace_of((JUDGE, "bgg")), JUDGE, "bgg", "bgg")

    assert spelled(decided(evidence)) == "b.."
    assert spelled(decided(evidence, stops_at_first_error=False)) == "bgg"


def test_only_judges_verify():
    evidence = a_trace_of((JUDGE, "g"), (OTHER_JUDGE, "g"), (ANN, "b"), (GOLD, "b"))

    assert spelled(decided(evidence, JUDGE, OTHER_JUDGE, ANN, GOLD)) == "g"
    assert decided(a_trace_of((ANN, "b")), JUDGE, ANN)[0].reason == "no_judge_label"
    assert decided(a_trace_of((ANN, "b"), aside=JUDGE), JUDGE, ANN)[0].reason == "judge_not_trusted"


def test_a_reviewers_word_and_bad_settings():
    evidence = merged_from(a_trace_of((JUDGE, "gg")), JUDGE, -1, -1)

    assert [d.reason for d in decided(ruled_at(evidence, 0, "bad"))][1] == "after_first_error"
    with pytest.raises(Rejected):
        SparkSettings(min_verifications=0)
