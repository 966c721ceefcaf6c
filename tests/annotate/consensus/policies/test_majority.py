from __future__ import annotations

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence
from annotate.consensus.policies.majority import MajoritySettings, bind
from annotate.enums import Action
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import ANN, BEN, CLO, GOLD, JUDGE, PROBE, ROLLOUT, a_trace_of


def decided(evidence: TraceEvidence, settings: MajoritySettings | None = None) -> tuple[Decision, ...]:
    return bind(settings or MajoritySettings(), "verdict", ())(evidence)


@pytest.mark.parametrize(
    ("ann", "ben", "clo", "action", "value", "reason"),
    [
        ("g", "g", "b", Action.KEEP, "good", "majority"),
        ("b", "b", "b", Action.KEEP, "bad", "majority"),
        ("g", "-", "-", Action.KEEP, "good", "majority"),
        ("g", "n", "b", Action.ASK, "", "tie"),
        ("g", "b", "-", Action.ASK, "", "tie"),
        ("g", "b", "u", Action.ASK, "", "tie"),
        ("g", "u", "u", Action.KEEP, "good", "majority"),
        ("u", "u", "-", Action.ASK, "", "only_unsure"),
        ("-", "-", "-", Action.ASK, "", "no_label"),
    ],
)
def test_majority_counts_what_people_said(ann, ben, clo, action, value, reason):
    (decision,) = decided(a_trace_of((ANN, ann), (BEN, ben), (CLO, clo)))

    assert (decision.action, decision.value, decision.reason) == (action, value, reason)
    assert decision.probability is None


def test_a_tie_is_told_in_words():
    (decision,) = decided(a_trace_of((ANN, "g"), (BEN, "b")))

    assert decision.explanation == "Tied at 1: bad, good."
    assert decision.spoke == (500, 600)


def test_machines_vote_only_when_asked_and_gold_never():
    evidence = a_trace_of((ANN, "g"), (JUDGE, "b"), (GOLD, "b"), (ROLLOUT, "b"))

    people, everybody = decided(evidence), decided(evidence, MajoritySettings(with_machines=True))

    assert people[0].value == "good"
    assert people[0].spoke == (500,)
    # the rollout answered another question (can the model recover), so it is one against one
    assert everybody[0].reason == "tie"
    assert everybody[0].spoke == (500, 100)


def test_probes_never_vote_for_they_only_rank():
    everybody = MajoritySettings(with_machines=True)

    (beside,) = decided(a_trace_of((JUDGE, "g"), (PROBE, "b")), everybody)
    (alone,) = decided(a_trace_of((PROBE, "b")), everybody)

    assert (beside.value, beside.spoke) == ("good", (100,))
    assert alone.reason == "no_label"


def test_unsure_does_not_count_towards_the_wanted_votes():
    settings = MajoritySettings(min_votes=2)

    enough = decided(a_trace_of((ANN, "g"), (BEN, "g"), (CLO, "u")), settings)
    too_few = decided(a_trace_of((ANN, "g"), (BEN, "u"), (CLO, "u")), settings)

    assert enough[0].value == "good"
    assert (too_few[0].action, too_few[0].reason) == (Action.ASK, "too_few_votes")


def test_steps_after_the_first_error_are_not_assessed():
    evidence = a_trace_of((ANN, "gbgb"), (BEN, "gbg-"))

    stopped = decided(evidence)
    every = decided(evidence, MajoritySettings(stops_at_first_error=False))

    assert [d.reason for d in stopped] == ["majority", "majority", "after_first_error", "after_first_error"]
    assert [d.value for d in stopped] == ["good", "bad", "", ""]
    assert [d.value for d in every] == ["good", "bad", "good", "bad"]


def test_an_undecided_step_stops_nothing():
    decisions = decided(a_trace_of((ANN, "bgg"), (BEN, "ggg")))

    assert [d.action for d in decisions] == [Action.ASK, Action.KEEP, Action.KEEP]


def test_fewer_than_one_wanted_vote_is_refused():
    with pytest.raises(Rejected) as refusal:
        MajoritySettings(min_votes=0)
    assert refusal.value.field == "min_votes"


def test_a_vote_set_aside_does_not_count_and_is_named():
    settings = MajoritySettings(with_machines=True, min_votes=2)

    enough, lacking, none = (
        decided(a_trace_of((ANN, ann), (BEN, ben), aside=JUDGE), settings)[0]
        for ann, ben in (("g", "g"), ("g", "-"), ("-", "-"))
    )

    assert (enough.value, enough.reason) == ("good", "majority")
    assert enough.explanation == (
        "2 of 2 votes say good. Set aside: judge/one@v1 is below the project's gate (too low)."
    )
    assert (lacking.action, lacking.reason) == (Action.ASK, "judge_not_trusted")
    assert none.reason == "judge_not_trusted"
    assert 100 not in enough.spoke


def test_a_judge_that_would_not_have_voted_is_not_the_reason():
    (decision,) = decided(a_trace_of((ANN, "-"), aside=JUDGE))

    assert (decision.reason, decision.explanation) == ("no_label", "No label yet.")
