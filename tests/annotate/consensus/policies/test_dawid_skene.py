from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.consensus.contracts import Decision, Question
from annotate.consensus.policies.dawid_skene import (
    DawidSkeneSettings,
    Fitted,
    bind,
    posterior_of,
    prepare,
)
from annotate.consensus.rulings import with_rulings
from annotate.enums import Action
from annotate.errors import Rejected
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.table import LongTable
from tests.annotate.consensus.policies.crowd import a_crowd
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    CLO,
    GOLD,
    JUDGE,
    LEVELS,
    OTHER_JUDGE,
    VERDICT,
    a_corpus_of,
    a_trace_of,
    gold_of,
    material_of,
    ruled_at,
    spelled,
)
from tests.annotate.consensus.policies.relatives import STYLE, a_bench_of_style

EVERY = DawidSkeneSettings(stops_at_first_error=False)


def fitted_to(crowd, **settings) -> Fitted:
    chosen = DawidSkeneSettings(stops_at_first_error=False, **settings)
    return prepare(chosen, material_of(crowd.traces, crowd.voters))


def run(traces, voters, settings=EVERY, gold=(), question=VERDICT) -> list[Decision]:
    fitted = prepare(settings, material_of(traces, voters, gold, question))
    rule = with_rulings(bind(settings, "verdict", voters, fitted))
    return [decision for trace in traces for decision in rule(trace)]


@pytest.mark.parametrize("model", ["dawid_skene", "hierarchical"])
@pytest.mark.parametrize("ordered", [True, False])
def test_probabilities_are_those_of_the_statistic(model, ordered):
    crowd = a_crowd(seed=1, n=150)
    question = Question("verdict", VERDICT.levels, ordered)
    settings = DawidSkeneSettings(model=model, stops_at_first_error=False)
    fitted = prepare(settings, material_of(crowd.traces, crowd.voters, question=question))
    rows = [
        (step.step, vote.rater, vote.value)
        for trace in crowd.traces
        for step in trace.steps
        for vote in step.votes
    ]
    items, raters, values = zip(*rows, strict=True)
    table = LongTable.from_columns(items, raters, values, levels=VERDICT.levels)
    prior = {"smoothing": 0.1, "diagonal": 0.5, "near": 0.3 if ordered else 0.0}
    fit = hierarchical(table) if model == "hierarchical" else dawid_skene(table, **prior)

    for verdict, trace in zip(fit.verdicts(), crowd.traces, strict=True):
        votes = {vote.rater: vote.value for vote in trace.steps[0].votes}
        wanted = [verdict.posterior[level] for level in VERDICT.levels]
        assert posterior_of(votes, fitted) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("model", ["dawid_skene", "hierarchical"])
def test_it_sees_through_a_guesser_and_a_flipped_scale(model):
    crowd = a_crowd(seed=2)
    decisions = run(crowd.traces, crowd.voters, DawidSkeneSettings(model=model, stops_at_first_error=False))

    kept = [(d.value[0], true) for d, true in zip(decisions, crowd.truth, strict=True) if d.value]
    assert len(kept) > 0.75 * len(crowd.truth)
    assert np.mean([said == true for said, true in kept]) > 0.88
    assert all(d.probability is not None for d in decisions)


def test_renaming_and_reordering_change_nothing():
    crowd = a_crowd(seed=3, n=120)
    there = run(crowd.traces, crowd.voters)
    back = run(crowd.traces[::-1], crowd.voters[::-1])[::-1]

    assert [d.value for d in there] == [d.value for d in back]
    assert [d.probability for d in there] == pytest.approx([d.probability for d in back], abs=1e-6)


def test_what_is_not_sure_enough_is_asked():
    crowd = a_crowd(seed=2)

    sure, unsure = (
        run(
            crowd.traces,
            crowd.voters,
            DawidSkeneSettings(confidence=confidence, stops_at_first_error=False),
        )
        for confidence in (0.99, 0.6)
    )

    assert sum(d.action == Action.KEEP for d in sure) < sum(d.action == Action.KEEP for d in unsure)
    asked = next(d for d in sure if d.action == Action.ASK)
    assert asked.reason == "not_sure_enough"
    assert asked.probability < 0.99
    assert asked.explanation.startswith("Most probable: ")


def test_two_raters_without_gold_cannot_be_told_apart():
    traces = a_corpus_of({ANN: "gbn" * 20, BEN: "gbb" * 20})

    decisions = run(traces, (ANN, BEN))

    assert {d.reason for d in decisions} == {"not_fitted"}
    assert decisions[0].explanation == ("2 independent raters and 0 known answers do not tell who is right.")


def test_gold_tells_them_apart_and_readings_of_gold_traces_count():
    key = "gbn" * 20
    flipped = key.translate(str.maketrans("gb", "bg"))
    gold = gold_of(ANN, key, key) + gold_of(BEN, flipped, key)
    traces = a_corpus_of({ANN: "gb", BEN: "bg"})

    decisions = run(traces, (ANN, BEN), gold=gold)

    assert spelled(decisions) == "gb"
    assert all(d.probability > 0.95 for d in decisions)


def test_a_gold_key_among_the_votes_is_a_known_answer_and_no_vote():
    key = "gbn" * 20
    traces = a_corpus_of({ANN: key, BEN: key.replace("n", "g"), GOLD: key})

    decisions = run(traces, (ANN, BEN))

    assert spelled(decisions) == key
    assert all(GOLD.rater * 100 not in d.spoke for d in decisions)


def test_levels_in_order_have_a_prior_that_knows_it():
    crowd = a_crowd(seed=5, n=60)

    ordered = fitted_to(crowd)
    flat = fitted_to(crowd, near=0.0)

    fair = crowd.voters[0].rater
    next_to, apart = ordered.given[fair, "neutral"][2], ordered.given[fair, "bad"][2]
    assert next_to > apart
    assert flat.given != ordered.given


def test_too_few_unsure_and_unlabelled_steps_go_to_people():
    crowd = a_crowd(seed=2, n=100)
    fitted = fitted_to(crowd)
    fair, strict, *_ = crowd.voters
    rule = bind(EVERY, "verdict", crowd.voters, fitted)

    for letters, reason in (("g-", "too_few_votes"), ("uu", "only_unsure"), ("--", "no_label")):
        (decision,) = rule(a_trace_of((fair, letters[0]), (strict, letters[1])))
        assert (decision.reason, decision.probability) == (reason, None)
    (aside,) = rule(a_trace_of((fair, "g"), aside=JUDGE))
    assert aside.reason == "judge_not_trusted"


def test_a_copy_counts_once():
    same = "gbngb" * 12
    others = {ANN: "gbngb" * 11 + "bbbbb", BEN: "bbngb" * 12, CLO: "gbbgb" * 12}
    traces = a_corpus_of({JUDGE: same, OTHER_JUDGE: same, **others})
    voters = (JUDGE, OTHER_JUDGE, ANN, BEN, CLO)
    alone = a_corpus_of({JUDGE: same, **others})

    copied = run(traces, voters)
    once = run(alone, voters)

    assert [d.probability for d in copied] == pytest.approx([d.probability for d in once])
    assert f"{OTHER_JUDGE.name} repeats {JUDGE.name}" in copied[0].explanation


@pytest.mark.parametrize("model", ["dawid_skene", "hierarchical"])
@pytest.mark.parametrize("repeats", [0.7, 0.9])
def test_judges_of_one_base_model_do_not_outvote_the_others(model, repeats):
    traces, truths, voters = a_bench_of_style(repeats)
    strangers = tuple(replace(voter, family="") for voter in voters)

    kept, wrong = of_style(traces, truths, voters, model=model)
    of_strangers, wrong_of_strangers = of_style(traces, truths, strangers, model=model)

    assert kept > 0.3 * len(truths)
    assert wrong < 0.08 * kept
    assert wrong / kept < wrong_of_strangers / of_strangers - 0.1


def of_style(traces, truths, voters, **settings) -> tuple[int, int]:
    """How many steps are kept, and how many of these are wrong."""
    chosen = DawidSkeneSettings(stops_at_first_error=False, **settings)
    fitted = prepare(chosen, material_of(traces, voters, question=STYLE))
    decide = bind(chosen, "style", voters, fitted)
    said = [decide(trace)[0].value for trace in traces]
    return sum(map(bool, said)), sum(
        bool(one) and one != true for one, true in zip(said, truths, strict=True)
    )


def test_a_step_says_what_votes_of_one_base_model_are_worth():
    traces, _, voters = a_bench_of_style(0.9)
    settings = DawidSkeneSettings(stops_at_first_error=False, confidence=0.5)
    fitted = prepare(settings, material_of(traces, voters, question=STYLE))
    found = bind(settings, "style", voters, fitted)(traces[0])[0]

    assert "some of one base model: worth" in found.explanation
    kin = {voter.rater: "low" for voter in voters if voter.family == "qwen"}
    assert posterior_of(kin, fitted)[0] < posterior_of(kin, replace(fitted, kin=None))[0]


def test_judges_of_one_base_model_alone_do_not_tell_who_is_right():
    traces, _, voters = a_bench_of_style(0.9, apart=1)
    fitted = prepare(EVERY, material_of(traces, voters, question=STYLE))

    assert fitted.why.startswith("2 independent raters and 0 known answers")


def test_families_of_one_change_nothing():
    traces, _, voters = a_bench_of_style(0.9)
    alone = tuple(replace(voter, family=f"m{voter.rater}") for voter in voters)
    strangers = tuple(replace(voter, family="") for voter in voters)
    found = [prepare(EVERY, material_of(traces, some, question=STYLE)) for some in (alone, strangers)]

    assert found[0] == found[1]


def test_first_errors_and_rulings():
    crowd = a_crowd(seed=2, n=100)
    fitted = fitted_to(crowd)
    rule = with_rulings(bind(DawidSkeneSettings(), "verdict", crowd.voters, fitted))
    everybody = tuple(v for v in crowd.voters if v.name not in ("guessing", "flipped"))
    evidence = a_trace_of(*((voter, "gbg") for voter in everybody))

    assert spelled(rule(evidence)) == "gb."
    assert spelled(rule(ruled_at(evidence, 1, "good"))) == "ggg"


@pytest.mark.parametrize(
    "bad",
    [{"confidence": 0.4}, {"min_votes": 0}, {"min_gold": 0}, {"smoothing": 0}, {"diagonal": -1}, {"near": 1}],
)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(Rejected) as refusal:
        DawidSkeneSettings(**bad)
    assert refusal.value.field in bad


def test_a_question_with_one_level_and_one_that_nobody_answered():
    one_level = run(a_corpus_of({ANN: "g", BEN: "g"}), (ANN, BEN), question=Question("verdict", ("good",)))
    nobody = prepare(EVERY, material_of([], ()))

    assert one_level[0].reason == "not_fitted"
    assert nobody.prevalence == ()
    assert LEVELS["g"] in nobody.levels


@pytest.mark.parametrize("model", ["dawid_skene", "hierarchical"])
@pytest.mark.parametrize("kind", ["guessing", "never the same", "always the same"])
def test_chance_is_not_fitted(model, kind):
    """The model itself is sure of noise: 0.97 and more, without these checks."""
    rng = np.random.default_rng(3)
    draw = {
        "guessing": lambda: rng.choice(list("bng"), 3),
        "never the same": lambda: rng.permutation(list("bng")),
        "always the same": lambda: np.array(list("ggg")),
    }[kind]
    rows = [draw() for _ in range(120)]
    traces = a_corpus_of({voter: "".join(row[i] for row in rows) for i, voter in enumerate((ANN, BEN, CLO))})

    decisions = run(traces, (ANN, BEN, CLO), DawidSkeneSettings(model=model, stops_at_first_error=False))

    assert {d.reason for d in decisions} == {"not_fitted"}
