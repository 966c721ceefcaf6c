from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from annotate.consensus.contracts import Decision, Question, TraceEvidence, Voter
from annotate.consensus.policies.lessons import LESSONS
from annotate.consensus.policies.posterior import POSTERIOR, PosteriorSettings
from annotate.consensus.pooled import Pooled
from annotate.consensus.rulings import with_rulings_of_many
from annotate.enums import Action, Outcome
from annotate.errors import Rejected
from annotate.settings import build_settings
from tests.annotate.consensus.policies.evidence import (
    ANN,
    BEN,
    CLO,
    GOLD,
    JUDGE,
    OTHER_JUDGE,
    ROLLOUT,
    TOOL,
    VERDICT,
    a_corpus_of,
    a_trace_of,
    material_of,
    ruled_at,
    spelled,
    told_with,
)
from tests.annotate.consensus.policies.relatives import STYLE, a_bench_of_style, majority_right

STEPS = 4


def letters(error: int) -> str:
    """Levels up to a first error; −1: none."""
    return "g" * STEPS if error < 0 else ("g" * error + "b").ljust(STEPS, "-")


def a_world(
    n: int = 160,
    *,
    seed: int = 1,
    judge: float = 0.8,
    others: tuple[tuple[Voter, float], ...] = (),
    gold: float = 0.0,
    has_rollouts: bool = True,
) -> tuple[list[TraceEvidence], list[int]]:
    """Traces whose places are told rightly by rollouts, with noise in their counts, and as often as said by raters."""
    rng = random.Random(seed)
    traces, places = [], []
    for number in range(n):
        error = rng.choice([-1, -1, 0, 1, 2, 3])
        outcome = Outcome.RIGHT if error < 0 else Outcome.WRONG
        said = {
            voter: letters(error if rng.random() < share else rng.choice([-1, 0, 1, 2, 3]))
            for voter, share in ((JUDGE, judge), *others)
        }
        if rng.random() < gold:
            said[GOLD] = letters(error)
        counts = [
            rng.choice([0, 0, 0, 1]) if 0 <= error <= at else rng.choice([5, 6, 7, 8])
            for at in range(STEPS - 1)
        ]
        if has_rollouts:
            said[ROLLOUT] = "".join("g" if hits else "b" for hits in counts) + "-"
        trace = a_trace_of(*said.items(), outcome=outcome)
        if has_rollouts:
            trace = told_with(trace, ROLLOUT, [*(f"{hits}/8" for hits in counts), "-"], "7/8")
        steps = (replace(step, step=STEPS * number + at) for at, step in enumerate(trace.steps))
        traces.append(replace(trace, trace=number, steps=tuple(steps)))
        places.append(error)
    return traces, places


def learned(traces, *, question: Question = VERDICT, **values):
    settings = build_settings(PosteriorSettings, values)
    here = {vote.rater for trace in traces for step in trace.steps for vote in step.votes}
    everybody = (ANN, BEN, CLO, JUDGE, OTHER_JUDGE, TOOL, ROLLOUT, GOLD)
    voters = tuple(voter for voter in everybody if voter.rater in here)
    return settings, voters, POSTERIOR.prepare(settings, material_of(traces, voters, question=question))


def decide(
    traces, *more: TraceEvidence, question: Question = VERDICT, **values
) -> list[tuple[Decision, ...]]:
    """Of the traces, then of ``more``, which nothing is learned from."""
    settings, voters, found = learned(traces, question=question, **values)
    rule = with_rulings_of_many(POSTERIOR.bind_many(settings, question.key, voters, found))
    return rule([*traces, *more])


def kept_wrongly(found, places) -> tuple[int, int]:
    kept = wrong = 0
    for decisions, error in zip(found, places, strict=True):
        for one, true in zip(decisions, letters(error), strict=True):
            if one.action == Action.KEEP:
                kept += 1
                wrong += one.value[0] != true
    return kept, wrong


def test_more_is_kept_than_by_agreement_and_hardly_less_rightly():
    traces, places = a_world()
    by_agreement = LESSONS.bind(build_settings(LESSONS.settings, {}), "verdict", (JUDGE, ROLLOUT))

    few, _ = kept_wrongly([by_agreement(trace) for trace in traces], places)
    many, wrong = kept_wrongly(decide(traces), places)

    assert many > 1.2 * few
    assert wrong <= 0.02 * many


def test_tier_a_is_what_lessons_keeps_but_for_traces_of_which_more_is_believed():
    traces, _ = a_world(seed=2)
    rule = LESSONS.bind(build_settings(LESSONS.settings, {}), "verdict", (JUDGE, ROLLOUT))
    n_agreed = 0

    for ours, theirs in zip(decide(traces), map(rule, traces), strict=True):
        agreed = [one.value if one.action == Action.KEEP else "" for one in theirs]
        first = [one.value if one.tier == "A" else "" for one in ours]
        assert first in (agreed, [""] * STEPS)
        if first != agreed:
            # the counts fall before the place where the last success is, and the posterior says so
            bad = agreed.index("bad") if "bad" in agreed else STEPS
            assert ours[max(bad - 1, 0)].p_correct < 0.5 or bad == STEPS
        n_agreed += first == agreed
    assert n_agreed > 0.9 * len(traces)


def test_every_step_has_a_tier_that_fits_its_risk():
    traces, _ = a_world(seed=3, judge=0.5)
    found = [one for decisions in decide(traces, keep_below=0.02, soft_below=0.2) for one in decisions]

    assert {one.tier for one in found} == {"A", "B", "C", "D", ""}
    for one in found:
        assert 0 <= one.risk <= 1
        assert 0 <= one.p_correct <= 1
        if one.tier == "B":
            assert (one.action, one.risk <= 0.02) == (Action.KEEP, True)
        if one.tier == "C":
            assert (one.action, one.value, 0.02 < one.risk <= 0.2) == (Action.DROP, "", True)
        if one.tier == "D":
            assert (one.action, one.risk > 0.2) == (Action.ASK, True)
        if not one.tier:
            assert one.reason == "after_first_error"


def test_p_correct_falls_along_a_trace():
    traces, _ = a_world(seed=4)

    for decisions in decide(traces):
        soft = [one.p_correct for one in decisions]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(soft))


def test_too_doubtful_is_dropped_where_it_is_told_to_be():
    traces, _ = a_world(seed=3, judge=0.5)
    found = [one for decisions in decide(traces, drop_above=0.3) for one in decisions]

    assert {one.reason for one in found if one.risk > 0.3} <= {"too_doubtful", "agreed"}
    assert any(one.reason == "too_doubtful" for one in found)


def test_an_error_at_the_last_step_is_told_by_the_answer_and_the_judge():
    traces, _ = a_world()
    last = told_with(
        a_trace_of((JUDGE, "gggb"), (ROLLOUT, "ggg-"), outcome=Outcome.WRONG),
        ROLLOUT,
        ["8/8", "8/8", "8/8", "-"],
        "7/8",
    )

    assert spelled(decide(traces, last)[-1]) == "gggb"


def test_a_right_answer_without_anything_against_it_is_good_throughout():
    traces, _ = a_world()
    right = told_with(
        a_trace_of((JUDGE, "gngg"), (ROLLOUT, "ggg-"), outcome=Outcome.RIGHT),
        ROLLOUT,
        ["8/8", "7/8", "8/8", "-"],
        "7/8",
    )

    assert spelled(decide(traces, right)[-1]) == "gngg"


def test_a_tie_is_a_question_for_people():
    """Two judges of one quality, two places, rollouts between them: nobody is believed for it."""
    traces, _ = a_world(others=((OTHER_JUDGE, 0.8),), has_rollouts=False, n=300)
    torn = a_trace_of((JUDGE, "gb--"), (OTHER_JUDGE, "gggb"), outcome=Outcome.WRONG)

    found = decide(traces, torn)[-1]

    assert found[1].action != Action.KEEP
    assert found[2].action != Action.KEEP
    assert found[1].risk > 0.2


def test_nothing_known_of_a_trace_is_nothing_said():
    traces, _ = a_world()
    silent = a_trace_of((JUDGE, "uuuu"), outcome=Outcome.RIGHT)

    found = decide(traces, silent)[-1]

    assert {(one.action, one.reason, one.tier, one.risk) for one in found} == {
        (Action.ASK, "no_label", "D", None)
    }


def test_a_judge_below_the_gate_is_not_heard_and_missed_aloud():
    traces, _ = a_world()
    aside = a_trace_of((ANN, "----"), aside=OTHER_JUDGE)
    beside = told_with(
        a_trace_of((JUDGE, "gggg"), (ROLLOUT, "ggg-"), outcome=Outcome.RIGHT, aside=OTHER_JUDGE),
        ROLLOUT,
        ["8/8", "8/8", "8/8", "-"],
        "7/8",
    )

    missing, heard = decide(traces, aside, beside)[-2:]

    assert {one.reason for one in missing} == {"judge_not_trusted"}
    assert f"Not heard: {OTHER_JUDGE.name}, below the project's gate." in heard[0].explanation


def test_only_people_are_enough_where_they_meet():
    traces, places = a_world(judge=0.9, others=((ANN, 0.95), (BEN, 0.95)), has_rollouts=False)
    people = [
        replace(
            trace,
            steps=tuple(
                replace(step, votes=tuple(v for v in step.votes if v.rater in (ANN.rater, BEN.rater)))
                for step in trace.steps
            ),
        )
        for trace in traces
    ]

    kept, wrong = kept_wrongly(decide(people), places)

    assert kept > 250
    assert wrong <= 0.03 * kept


def test_who_agrees_no_more_than_by_chance_teaches_nothing():
    traces, _ = a_world(judge=0.0, others=((OTHER_JUDGE, 0.0), (ANN, 0.0)), has_rollouts=False)

    found = [one for decisions in decide(traces) for one in decisions]

    assert {one.reason for one in found} == {"not_fitted"}


def test_without_rollouts_and_without_gold_the_run_says_what_it_assumes():
    traces, _ = a_world(others=((OTHER_JUDGE, 0.8), (ANN, 0.9)), has_rollouts=False)
    _, _, found = learned(traces)

    kept = POSTERIOR.keep(found)

    assert any("no answer is known" in one for one in kept.assumed)
    assert any("no rollouts" in one for one in kept.assumed)
    assert kept.summary["guarantee"]["reason"].startswith("0 traces with a known answer")
    assert kept.raters[-3:] == (-1, -2, -3)


def test_a_reviewer_settles_a_step_and_what_follows_from_it():
    traces, _ = a_world()
    sure = told_with(
        a_trace_of((JUDGE, "ggb-"), (ROLLOUT, "ggb-"), outcome=Outcome.WRONG),
        ROLLOUT,
        ["8/8", "8/8", "0/8", "-"],
        "7/8",
    )

    before, after = decide(traces, sure, ruled_at(sure, 2, "good"))[-2:]

    assert spelled(before) == "ggb."
    assert (after[2].value, after[2].reason, after[2].tier, after[2].risk) == (
        "good",
        "reviewer_decided",
        "A",
        0.0,
    )
    assert after[3].value != "good"
    assert after[1].p_correct <= 1


def test_gold_keys_teach_and_do_not_vote():
    """The same trace with and without its key is decided alike."""
    traces, _ = a_world(gold=0.3)
    plain = told_with(
        a_trace_of((JUDGE, "gb--"), (ROLLOUT, "ggb-"), outcome=Outcome.WRONG),
        ROLLOUT,
        ["8/8", "5/8", "0/8", "-"],
        "7/8",
    )
    keyed = told_with(
        a_trace_of((JUDGE, "gb--"), (ROLLOUT, "ggb-"), (GOLD, "ggb-"), outcome=Outcome.WRONG),
        ROLLOUT,
        ["8/8", "5/8", "0/8", "-"],
        "7/8",
    )

    one, other = decide(traces, plain, keyed)[-2:]

    assert [(d.risk, d.value) for d in one] == [(d.risk, d.value) for d in other]


@pytest.mark.parametrize("guarantee", ["conformal", "certified"])
def test_a_threshold_is_learned_where_enough_gold_is_held_out(guarantee):
    traces, places = a_world(700, gold=0.7)
    _, _, found = learned(traces, guarantee=guarantee, error=0.05)

    held = found.guarantee
    assert (held.reason, held.method) == ("", guarantee)
    assert 200 < held.n_traces < 300
    assert "exchangeable" in held.assumption
    kept, wrong = kept_wrongly(decide(traces, guarantee=guarantee, error=0.05), places)
    assert wrong <= 0.05 * kept


def test_gold_that_was_held_out_was_not_learned_from():
    traces, _ = a_world(300, gold=1.0)
    _, _, found = learned(traces, error=0.05)

    assert found.located.fit.n_gold + found.guarantee.n_traces == 300


def test_too_little_gold_is_all_learned_from_and_the_threshold_is_the_setting():
    traces, _ = a_world(gold=0.2)
    _, _, found = learned(traces, keep_below=0.01)

    assert found.guarantee.keep_below == 0.01
    assert "are needed to hold half of them out" in found.guarantee.reason
    keyed = sum(any(v.rater == GOLD.rater for v in trace.steps[0].votes) for trace in traces)
    assert found.located.fit.n_gold == keyed > 20


def test_what_reviewers_picked_and_decided_is_learned_from_and_shows_no_threshold():
    traces, places = a_world(400, gold=0.4)
    keyed = {one.trace for one in traces if any(v.rater == GOLD.rater for v in one.steps[0].votes)}
    ruled = [
        ruled_at(one, 0, "bad") if error == 0 and one.trace not in keyed else one
        for one, error in zip(traces, places, strict=True)
    ]
    n_ruled = sum(one.steps[0].ruling is not None for one in ruled)

    before, after = (learned(some, error=0.05)[2] for some in (traces, ruled))

    assert n_ruled > 20
    assert (before.guarantee.reason, after.guarantee.reason) == ("", "")
    assert after.guarantee.n_traces == before.guarantee.n_traces
    assert after.located.fit.n_gold == before.located.fit.n_gold + n_ruled
    few = [one for one in ruled if one.trace not in keyed]
    assert learned(few, error=0.05)[2].guarantee.reason.startswith(
        "0 traces with a known answer by gold keys"
    )


def test_where_gold_defends_no_threshold_the_run_says_how_wrong_agreement_was():
    traces, places = a_world(300, gold=1.0)
    elsewhere = []
    for number, (trace, error) in enumerate(zip(traces, places, strict=True)):
        key = a_trace_of((GOLD, letters(0 if error != 0 and number % 3 == 0 else error)))
        steps = (
            replace(step, votes=(*(v for v in step.votes if v.rater != GOLD.rater), *told.votes))
            for step, told in zip(trace.steps, key.steps, strict=True)
        )
        elsewhere.append(replace(trace, steps=tuple(steps)))

    held = learned(elsewhere)[2].guarantee

    assert "cannot show an error of 0.02" in held.reason
    assert "what rollouts and judges agree on is kept at any threshold:" in held.reason
    assert held.reason.endswith("such steps were wrong")
    assert (held.keep_below, held.assumption) == (0.02, "")


def test_steps_behind_the_first_error_are_decided_where_that_is_asked_for():
    rng = random.Random(4)
    truth = "".join(rng.choice("ggb") for _ in range(240))
    said = {
        who: "".join(one if rng.random() < 0.95 else rng.choice("gb") for one in truth)
        for who in (ANN, BEN, CLO)
    }
    traces = a_corpus_of(said, length=6)

    stopped, through = (decide(traces, stops_at_first_error=stops) for stops in (True, False))

    behind = sum(one.reason == "after_first_error" for decisions in stopped for one in decisions)
    flat = [one for decisions in through for one in decisions]
    assert behind > 50
    assert {one.reason for one in flat} <= {"believed", "soft_target", "not_sure_enough"}
    kept = [(one.value[:1], true) for one, true in zip(flat, truth, strict=True) if one.value]
    assert len(kept) > 0.9 * len(truth)
    assert sum(value != true for value, true in kept) <= 0.02 * len(kept)


def test_one_trace_alone_is_decided_as_among_many():
    traces, _ = a_world()
    settings, voters, found = learned(traces)
    one = POSTERIOR.bind(settings, "verdict", voters, found)
    many = POSTERIOR.bind_many(settings, "verdict", voters, found)(traces)

    for trace, decisions in zip(traces[:20], many[:20], strict=True):
        alone = one(trace)
        assert [d.value for d in alone] == [d.value for d in decisions]
        assert [d.risk for d in alone] == pytest.approx([d.risk for d in decisions], abs=1e-9)


def test_votes_that_spoke_are_those_that_were_read():
    traces, _ = a_world(others=((TOOL, 0.9),))

    found = decide(traces)[0]

    here = {vote.label for vote in traces[0].steps[0].votes}
    assert set(found[0].spoke) == here
    assert "rollouts" in found[0].explanation
    assert JUDGE.name in found[0].explanation


def test_other_criteria_are_pooled_and_have_tiers_too():
    style = Question("style", ("low", "middle", "high"), ordered=True)
    rng = random.Random(1)
    truth = "".join(rng.choice("gnb") for _ in range(300))

    def says(share: float) -> str:
        return "".join(one if rng.random() < share else rng.choice("gnb") for one in truth)

    said = {ANN: says(0.9), BEN: says(0.85), CLO: says(0.85)}
    names = {"good": "high", "neutral": "middle", "bad": "low"}
    voters = {voter.rater: replace(voter, criteria=frozenset({"style"})) for voter in said}
    traces = [
        replace(
            trace,
            criterion="style",
            steps=tuple(
                replace(
                    step, votes=tuple(replace(v, criterion="style", value=names[v.value]) for v in step.votes)
                )
                for step in trace.steps
            ),
        )
        for trace in a_corpus_of(said, length=3)
    ]
    settings = PosteriorSettings()
    found = POSTERIOR.prepare(settings, material_of(traces, voters.values(), question=style))
    decided = POSTERIOR.bind_many(settings, "style", tuple(voters.values()), found)(traces)

    flat = [one for decisions in decided for one in decisions]
    kept = [
        (one.value, names[{"g": "good", "n": "neutral", "b": "bad"}[t]])
        for one, t in zip(flat, truth, strict=True)
        if one.value
    ]
    assert len(kept) > 150
    assert sum(said != true for said, true in kept) <= 0.04 * len(kept)
    assert {one.tier for one in flat} >= {"B", "D"}
    assert all(one.p_correct is None for one in flat)
    assert POSTERIOR.keep(found).fit == {}
    assert "weights by labels held out" in POSTERIOR.keep(found).summary["pool"]


def pooled_right(traces, truths, voters, **values) -> tuple[float, float]:
    """Of the pool, the share of steps whose most probable level is right, and of those kept."""
    settings = build_settings(PosteriorSettings, {"keep_below": 0.05, **values})
    found = POSTERIOR.prepare(settings, material_of(traces, voters, question=STYLE))
    pool = found.pool
    best = [
        pool.levels[int(pool.chances(step.step, {v.rater: v.value for v in step.votes}).argmax())]
        for trace in traces
        for step in trace.steps
    ]
    decided = POSTERIOR.bind_many(settings, "style", voters, found)(traces)
    kept = [one.value == true for (one,), true in zip(decided, truths, strict=True) if one.value]
    right = sum(one == true for one, true in zip(best, truths, strict=True)) / len(truths)
    return right, sum(kept) / max(len(kept), 1)


@pytest.mark.parametrize("repeats", [0.7, 0.9])
def test_judges_of_one_base_model_do_not_outvote_the_others_on_other_criteria(repeats):
    traces, truths, voters = a_bench_of_style(repeats)
    strangers = tuple(replace(voter, family="") for voter in voters)

    right, kept = pooled_right(traces, truths, voters)

    assert right > majority_right(traces, truths) + 0.02
    assert right > pooled_right(traces, truths, strangers)[0] + 0.05
    assert kept > 0.95


def test_a_step_read_after_the_fit_counts_relatives_as_the_fit_does():
    traces, _, voters = a_bench_of_style(0.9)
    found = POSTERIOR.prepare(PosteriorSettings(), material_of(traces, voters, question=STYLE)).pool
    kin = {voter.rater: "low" for voter in voters if voter.family == "qwen"}
    one, all_of_them = found.chances(10_000, dict([*kin.items()][:1])), found.chances(10_000, kin)

    assert all_of_them[0] < one[0] + 0.25
    assert replace(found, kin=None).chances(10_000, kin)[0] > all_of_them[0]


def test_the_same_votes_are_read_off_once_however_many_steps_have_them(monkeypatch):
    """Most steps of a large project are read by no model; each was worked out anew, which took two thirds of a run."""
    traces, _, voters = a_bench_of_style(0.9)
    settings = PosteriorSettings()
    found = POSTERIOR.prepare(settings, material_of(traces, voters, question=STYLE))
    later = [
        replace(trace, steps=tuple(replace(step, step=step.step + round * 10_000) for step in trace.steps))
        for round in (1, 2, 3)
        for trace in traces
    ]
    read, read_off = [], Pooled.read_off
    monkeypatch.setattr(
        Pooled, "read_off", lambda self, levels: (read.append(levels), read_off(self, levels))[1]
    )
    decided = POSTERIOR.bind_many(settings, "style", voters, found)(later)

    assert len(read) == len({tuple((v.rater, v.value) for v in trace.steps[0].votes) for trace in traces})
    for trace, (one,) in zip(later, decided, strict=True):
        chances = found.pool.chances(trace.steps[0].step, {v.rater: v.value for v in trace.steps[0].votes})
        assert one.risk == pytest.approx(1 - chances.max())
        assert one.spoke == tuple(vote.label for vote in trace.steps[0].votes)


def test_judges_of_one_base_model_alone_do_not_tell_who_is_right():
    traces, _, voters = a_bench_of_style(0.9, apart=1)
    found = POSTERIOR.prepare(PosteriorSettings(), material_of(traces, voters, question=STYLE))

    assert found.pool.told.startswith("2 independent raters and 0 known answers")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"error": 0.0}, "error"),
        ({"keep_below": 0.7}, "keep_below"),
        ({"soft_below": 0.001}, "soft_below"),
        ({"drop_above": 0.1}, "drop_above"),
        ({"audit_share": 0.5}, "audit_share"),
        ({"guarantee": "promised"}, "guarantee"),
    ],
)
def test_settings_that_do_not_go(values, field):
    with pytest.raises(Rejected) as refused:
        build_settings(PosteriorSettings, values)

    assert refused.value.field == field
