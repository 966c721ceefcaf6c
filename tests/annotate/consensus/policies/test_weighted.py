from __future__ import annotations

import math

import numpy as np
import pytest

from annotate.consensus.contracts import Decision, Question
from annotate.consensus.policies.weighted import WeightedSettings, Weights, bind, prepare
from annotate.consensus.rulings import with_rulings
from tests.annotate.consensus.policies.crowd import a_crowd
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    CLO,
    GOLD,
    JUDGE,
    OTHER_JUDGE,
    ROLLOUT,
    VERDICT,
    a_corpus_of,
    a_trace_of,
    gold_of,
    material_of,
    ruled_at,
    spelled,
)

VOTERS = (ANN, BEN, CLO, JUDGE, OTHER_JUDGE)
KEY = "gb" * 10


def measured(**shares: int) -> Weights:
    """Accuracies by name, in twentieths."""
    voters = {voter.name.split("/")[0]: voter for voter in VERY}
    gold = [
        reading
        for name, right in shares.items()
        for reading in gold_of(voters[name], KEY[:right] + "n" * (20 - right), KEY)
    ]
    return prepare(WeightedSettings(), material_of([], VOTERS, gold))


VERY = (ANN, BEN, CLO, JUDGE)


def decided(evidence, weights: Weights, **settings) -> tuple[Decision, ...]:
    return with_rulings(bind(WeightedSettings(**settings), "verdict", VOTERS, weights))(evidence)


def test_one_good_rater_outweighs_two_poor_ones():
    weights = measured(ann=18, ben=8, clo=8)
    evidence = a_trace_of((ANN, "g"), (BEN, "b"), (CLO, "b"))

    (decision,) = decided(evidence, weights)

    assert weights.of == {ANN.rater: 0.9, BEN.rater: 0.4, CLO.rater: 0.4}
    assert decision.value == "good"
    assert decision.explanation == "0.90 of a weight of 1.70 say good, from 3 voters."
    assert decision.probability is None


def test_equal_weights_tie_and_sums_of_the_same_do_too():
    tied = decided(a_trace_of((ANN, "g"), (BEN, "b")), measured(ann=14, ben=14))
    sums = decided(a_trace_of((ANN, "g"), (BEN, "b"), (CLO, "b")), measured(ann=6, ben=2, clo=4))

    assert (tied[0].reason, sums[0].reason) == ("tie", "tie")
    assert tied[0].explanation == "Tied at a weight of 0.70: bad, good."


def test_log_odds_give_a_rater_at_chance_nothing():
    gold = gold_of(ANN, KEY, KEY) + gold_of(BEN, KEY[:6] + "n" * 14, KEY)
    weights = prepare(WeightedSettings(by="log_odds"), material_of([], VOTERS, gold))

    q = 20.5 / 21
    assert weights.of[ANN.rater] == pytest.approx(math.log(2 * q / (1 - q)))
    assert weights.of[BEN.rater] == 0
    (decision,) = decided(a_trace_of((BEN, "b")), weights)
    assert decision.reason == "no_weight"


@pytest.mark.parametrize(
    ("letters", "reason"),
    [
        ({ANN: "-", BEN: "-", CLO: "-"}, "no_label"),
        ({ANN: "u", BEN: "u", CLO: "-"}, "only_unsure"),
        ({ANN: "-", BEN: "-", CLO: "g"}, "nobody_measured"),
        ({ANN: "g", BEN: "-", CLO: "g"}, "heaviest"),
    ],
)
def test_who_is_not_measured_does_not_vote(letters, reason):
    (decision,) = decided(a_trace_of(*letters.items()), measured(ann=18, ben=12))

    assert decision.reason == reason
    if reason == "heaviest":
        assert "1 not measured." in decision.explanation


def test_without_gold_everything_is_asked():
    weights = measured()

    (decision,) = decided(a_trace_of((ANN, "g"), (BEN, "g")), weights)

    assert (decision.reason, decision.value) == ("nobody_measured", "")
    assert decision.explanation == "None has answered 10 steps whose answer is known."


def test_rasch_weighs_by_what_others_say_and_forgives_severity():
    crowd = a_crowd(seed=4, n=600)
    weights = prepare(WeightedSettings(by="rasch"), material_of(crowd.traces, crowd.voters))

    fair, strict, guessing, flipped = (weights.of[voter.rater] for voter in crowd.voters[:4])

    assert fair > 0.8
    assert strict > 0.6
    assert guessing < 0.2
    assert flipped == 0


def test_rasch_gives_guessers_nothing():
    rng = np.random.default_rng(5)
    guesses = {voter: "".join(rng.choice(list("bng"), 300)) for voter in (ANN, BEN, CLO)}

    weights = prepare(WeightedSettings(by="rasch"), material_of(a_corpus_of(guesses), (ANN, BEN, CLO)))

    assert set(weights.of.values()) <= {0.0}


def test_rasch_needs_an_order_and_more_than_one_rater():
    unordered = Question("verdict", ("bad", "neutral", "good"))
    alone = a_corpus_of({ANN: "gbn" * 20})

    without_order = prepare(WeightedSettings(by="rasch"), material_of(alone, (ANN,), question=unordered))
    one_rater = prepare(WeightedSettings(by="rasch"), material_of(alone, (ANN,), question=VERDICT))
    nobody = prepare(WeightedSettings(by="rasch"), material_of([], ()))

    assert (without_order.of, one_rater.of, nobody.of) == ({}, {}, {})
    assert without_order.why == "A Rasch model needs levels in order."
    (decision,) = decided(a_trace_of((ANN, "g")), one_rater, by="rasch")
    assert decision.reason == "nobody_measured"


def test_a_judge_that_repeats_another_counts_once():
    same = "gbngb" * 10
    traces = a_corpus_of({JUDGE: same, OTHER_JUDGE: same, ANN: "bbngb" * 10})
    gold = gold_of(JUDGE, KEY, KEY) + gold_of(OTHER_JUDGE, KEY, KEY) + gold_of(ANN, KEY, KEY)
    weights = prepare(WeightedSettings(), material_of(traces, VOTERS, gold))

    (decision,) = decided(a_trace_of((JUDGE, "g"), (OTHER_JUDGE, "g"), (ANN, "b")), weights)

    assert weights.copies == {OTHER_JUDGE.rater: JUDGE.rater}
    assert decision.reason == "tie"
    assert f"Not counted again: {OTHER_JUDGE.name} repeats {JUDGE.name}." in decision.explanation


def test_gold_and_rollouts_on_another_question_do_not_vote():
    gold = gold_of(GOLD, KEY, KEY) + gold_of(ROLLOUT, KEY, KEY)
    weights = prepare(WeightedSettings(), material_of([], VOTERS, gold))
    evidence = a_trace_of((GOLD, "b"), (ROLLOUT, "b"))

    assert decided(evidence, weights)[0].reason == "no_label"


def test_first_errors_rulings_and_labels_set_aside():
    weights = measured(ann=18)
    evidence = a_trace_of((ANN, "gbg"))

    assert spelled(decided(evidence, weights)) == "gb."
    assert spelled(decided(evidence, weights, stops_at_first_error=False)) == "gbg"
    assert spelled(decided(ruled_at(evidence, 1, "good"), weights)) == "ggg"
    assert decided(a_trace_of((BEN, "-"), aside=JUDGE), weights)[0].reason == "judge_not_trusted"
