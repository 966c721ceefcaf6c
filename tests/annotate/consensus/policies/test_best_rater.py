from __future__ import annotations

import pytest

from annotate.consensus.contracts import Decision, Voter
from annotate.consensus.policies.best_rater import Best, BestRaterSettings, bind, prepare
from annotate.consensus.rulings import with_rulings
from annotate.errors import Rejected
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    CLO,
    GOLD,
    JUDGE,
    PROBE,
    ROLLOUT,
    a_trace_of,
    gold_of,
    material_of,
    ruled_at,
    spelled,
)

KEY = "gb" * 10
WRONG_WAY = "bg" * 10


def best_of(*gold, voters: tuple[Voter, ...] = (ANN, BEN, JUDGE), **settings) -> Best:
    readings = [reading for readings in gold for reading in readings]
    return prepare(BestRaterSettings(**settings), material_of([], voters, readings))


def decided(evidence, best: Best, **settings) -> tuple[Decision, ...]:
    return with_rulings(bind(BestRaterSettings(**settings), "verdict", (ANN, BEN, JUDGE), best))(evidence)


def test_the_one_who_is_right_most_often_decides_alone():
    best = best_of(gold_of(ANN, "gb" * 9 + "bg", KEY), gold_of(BEN, "gb" * 6 + "bg" * 4, KEY))
    evidence = a_trace_of((ANN, "gb-"), (BEN, "bgg"), (JUDGE, "bgg"))

    decisions = decided(evidence, best)

    assert spelled(decisions) == "gb."
    assert decisions[0].explanation == "good by ann, right on 18 of 20 gold steps."
    assert decisions[0].spoke == (500,)
    assert decisions[0].probability is None


def test_more_answers_then_the_name_win_a_tie():
    assert best_of(gold_of(BEN, KEY, KEY), gold_of(ANN, KEY[:12], KEY[:12])).rater == BEN.rater
    assert best_of(gold_of(BEN, KEY, KEY), gold_of(ANN, KEY, KEY)).rater == ANN.rater


def test_too_few_answers_are_no_measure():
    best = best_of(gold_of(ANN, KEY[:9], KEY[:9]), gold_of(BEN, KEY[:3] + "u" * 17, KEY))

    (decision,) = decided(a_trace_of((ANN, "g")), best)

    assert (best.rater, decision.reason) == (None, "nobody_measured")
    assert best_of(gold_of(ANN, KEY[:9], KEY[:9]), min_gold=9).rater == ANN.rater


def test_nobody_better_than_chance_is_believed():
    best = best_of(gold_of(ANN, WRONG_WAY, KEY))

    (decision,) = decided(a_trace_of((ANN, "g")), best)

    assert (decision.reason, decision.value) == ("nobody_better_than_chance", "")


def test_what_the_best_leaves_open_stays_open():
    best = best_of(gold_of(ANN, KEY, KEY))

    for ann in "-u":
        (decision,) = decided(a_trace_of((ANN, ann), (BEN, "g")), best)
        assert decision.reason == "best_rater_silent"
    (aside,) = decided(a_trace_of((BEN, "g"), aside=JUDGE), best_of(gold_of(JUDGE, KEY, KEY)))
    assert aside.reason == "judge_not_trusted"


def test_a_named_rater_is_taken_unmeasured_and_must_be_able_to_vote():
    best = best_of(rater="ben")
    assert spelled(decided(a_trace_of((ANN, "g"), (BEN, "b")), best)) == "b"
    for name in ("nobody", GOLD.name, PROBE.name, ROLLOUT.name):
        with pytest.raises(Rejected) as refusal:
            bind(BestRaterSettings(rater=name), "verdict", (ANN, GOLD, PROBE, ROLLOUT))
        assert refusal.value.field == "rater"


def test_a_step_counts_once_and_a_contradiction_not_at_all():
    twice = gold_of(ANN, KEY, KEY) + gold_of(ANN, KEY, KEY)
    torn = gold_of(BEN, KEY, KEY) + gold_of(BEN, WRONG_WAY, KEY)

    assert "20 of 20" in best_of(twice).told
    assert best_of(torn).rater is None


def test_machines_may_be_left_out():
    gold = gold_of(JUDGE, KEY, KEY), gold_of(ANN, "gb" * 8 + "bg" * 2, KEY)

    assert best_of(*gold).rater == JUDGE.rater
    assert best_of(*gold, with_machines=False).rater == ANN.rater


def test_before_anything_is_known_everything_is_asked_and_rulings_stand():
    evidence = ruled_at(a_trace_of((ANN, "gg"), (CLO, "gg")), 0, "bad")
    rule = with_rulings(bind(BestRaterSettings(), "verdict", (ANN,)))

    assert [d.reason for d in rule(evidence)] == ["reviewer_decided", "after_first_error"]
    assert [d.reason for d in rule(a_trace_of((ANN, "g")))] == ["nobody_measured"]
