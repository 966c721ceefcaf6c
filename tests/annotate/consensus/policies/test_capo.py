from __future__ import annotations

import itertools

import pytest

from annotate.consensus.contracts import Decision, TraceEvidence, Voter
from annotate.consensus.critiques import Ballot
from annotate.consensus.policies.capo import CapoSettings, bind, called_wrong
from annotate.consensus.rulings import with_rulings
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    ANN,
    JUDGE,
    OTHER_JUDGE,
    a_trace_of,
    merged_from,
    ruled_at,
    spelled,
)

EVERY = {"stops_at_first_error": False}


def decided(evidence: TraceEvidence, *voters: Voter, **settings) -> tuple[Decision, ...]:
    return with_rulings(bind(CapoSettings(**settings), "verdict", voters or (JUDGE,)))(evidence)


def test_the_published_merges():
    """k critiques that speak of every step: wrong when all, at least half, or any call it wrong."""
    for k in range(1, 6):
        for bad in range(k + 1):
            ballot = Ballot(("bad",) * bad + ("good",) * (k - bad), 0)
            assert called_wrong(ballot, "intersection") is (bad == k)
            assert called_wrong(ballot, "majority") is (bad >= k / 2)
            assert called_wrong(ballot, "union") is (bad >= 1)


def test_silence_decides_nothing():
    """Whatever the silent ones would have said, a decision is the same."""
    for good, bad, silent in itertools.product(range(4), repeat=3):
        ballot = Ballot(("bad",) * bad + ("good",) * good, silent)
        if not ballot.count:
            continue
        for merge in ("intersection", "majority", "union"):
            could_be = {
                called_wrong(Ballot(("bad",) * (bad + more) + ("good",) * (good + silent - more), 0), merge)
                for more in range(silent + 1)
            }
            said = called_wrong(ballot, merge)
            assert said is (could_be.pop() if len(could_be) == 1 else None)


# Four critiques that list every step, letter by letter → what is kept under each merge.
CRITIQUES = ("gbbg", "gbgg", "gbbg", "gbgb")


@pytest.mark.parametrize(
    ("merge", "steps"), [("intersection", "gbgg"), ("majority", "gbbg"), ("union", "gbbb")]
)
def test_four_critiques_under_three_merges(merge, steps):
    evidence = merged_from(a_trace_of((JUDGE, "gggg")), JUDGE, *CRITIQUES)

    decisions = decided(evidence, merge=merge, **EVERY)

    assert spelled(decisions) == steps
    assert decisions[1].explanation == "4 of 4 critiques call it wrong."
    assert {d.probability for d in decisions} == {None}


@pytest.mark.parametrize(
    ("merge", "steps", "reasons"),
    [
        # one stopped at step 2 (index 1), two at step 4, one found nothing
        ("union", "gb..", ["called_right", "called_wrong", "after_first_error", "after_first_error"]),
        ("majority", "gggb", ["called_right"] * 3 + ["called_wrong"]),
        ("intersection", "gggg", ["called_right"] * 4),
    ],
)
def test_critiques_that_stop_at_their_first_error(merge, steps, reasons):
    evidence = merged_from(a_trace_of((JUDGE, "gggg")), JUDGE, 1, 3, 3, -1)

    decisions = decided(evidence, merge=merge)

    assert spelled(decisions) == steps
    assert [d.reason for d in decisions] == reasons


def test_what_hangs_on_silent_critiques_goes_to_people():
    evidence = merged_from(a_trace_of((JUDGE, "ggg")), JUDGE, 0, 2)

    decisions = decided(evidence, merge="intersection")

    # index 2: one calls it wrong, the other stopped long before
    assert [d.reason for d in decisions] == ["called_right", "called_right", "critiques_open"]
    assert decisions[2].explanation == "1 of 2 critiques call it wrong, 1 leave it open."


def test_one_judge_without_critiques_is_one_critique():
    evidence = a_trace_of((JUDGE, "gb"))

    assert [d.reason for d in decided(evidence)] == ["too_few_critiques"] * 2
    assert spelled(decided(evidence, min_critiques=1)) == "gb"


def test_several_judges_stand_side_by_side_and_people_are_no_critiques():
    evidence = a_trace_of((JUDGE, "gb"), (OTHER_JUDGE, "gg"), (ANN, "bb"))
    voters = (JUDGE, OTHER_JUDGE, ANN)

    assert spelled(decided(evidence, *voters)) == "gb"
    assert spelled(decided(evidence, *voters, merge="intersection")) == "gg"
    named = decided(evidence, *voters, judges=(OTHER_JUDGE.name,), min_critiques=1)
    assert spelled(named) == "gg"
    with pytest.raises(Rejected) as refusal:
        decided(evidence, *voters, judges=("nobody",))
    assert refusal.value.field == "judges"


def test_nobody_looked_unsure_contradicted_and_distrusted():
    assert [d.reason for d in decided(a_trace_of((ANN, "gb")), JUDGE, ANN)] == ["no_judge_label"] * 2
    unsure = a_trace_of((JUDGE, "u"), (OTHER_JUDGE, "u"))
    assert [d.reason for d in decided(unsure, JUDGE, OTHER_JUDGE)] == ["critiques_open"]
    # one critique that names two places says nothing at all
    torn = merged_from(a_trace_of((JUDGE, "gg")), JUDGE, -1, -1)
    steps = list(torn.steps)
    other = merged_from(a_trace_of((JUDGE, "gg")), JUDGE, 1, -1)
    steps[1] = other.steps[1]
    mixed = type(torn)(torn.trace, torn.criterion, tuple(steps), None)
    assert [d.reason for d in decided(mixed)] == ["called_right", "critiques_open"]
    aside = a_trace_of((ANN, "g"), aside=JUDGE)
    assert decided(aside, JUDGE, ANN)[0].reason == "judge_not_trusted"


def test_a_reviewers_word_is_where_the_error_is():
    evidence = merged_from(a_trace_of((JUDGE, "ggg")), JUDGE, -1, -1)

    assert [d.reason for d in decided(ruled_at(evidence, 0, "bad"))] == [
        "reviewer_decided",
        "after_first_error",
        "after_first_error",
    ]
