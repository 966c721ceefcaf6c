from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.calibration import calibration_error
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.evidence import NO_ERROR, PERSON, UNKNOWN, Evidence, Raters, Reports, Verdicts
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.signals import N_DIFFICULTIES
from tests.benchmarks.made.signals import JUDGES, PEOPLE, Made, Reader, World, made

SMALL = World(n_traces=2000)


def right(one: Made, best: IntArray) -> float:
    held = one.evidence.gold == UNKNOWN
    return float((best == one.truth)[held].mean())


def off(one: Made, confidence: FloatArray, best: IntArray) -> float:
    held = one.evidence.gold == UNKNOWN
    return calibration_error(confidence[held], (best == one.truth)[held].astype(float))


@pytest.mark.parametrize("gold", [0.0, 0.02, 0.2])
def test_probabilities_mean_what_they_say(gold: float) -> None:
    one = made(replace(SMALL, gold=gold), seed=11)
    found = locate(one.evidence).posterior(one.evidence.without_gold())
    assert right(one, found.best) > 0.93
    assert off(one, found.confidence, found.best) < 0.03


def test_it_beats_every_single_signal() -> None:
    one = made(SMALL, seed=12)
    found = locate(one.evidence).posterior(one.evidence.without_gold())
    reports = one.evidence.reports
    for rater in range(len(JUDGES)):
        rows = reports.rater == rater
        alone = (reports.place[rows] == one.truth[reports.trace[rows]]).mean()
        assert right(one, found.best) > alone + 0.05


@pytest.mark.parametrize("gold", [0.0, 0.1])
def test_the_objective_never_falls_within_a_round(gold: float) -> None:
    fit = locate(made(replace(SMALL, gold=gold), seed=13).evidence)
    assert min(np.diff(one).min() for one in fit.history if len(one) > 1) > -1e-6


def test_p_correct_falls_along_a_trace() -> None:
    one = made(replace(SMALL, n_traces=300), seed=14)
    found = locate(one.evidence).posterior(one.evidence)
    inside = np.diff(found.layout.trace[~found.layout.is_none]) == 0
    assert np.diff(found.correct)[inside].max() <= 1e-12
    assert found.layout.total(found.probability) == pytest.approx(np.ones(300))


def test_known_answers_are_kept() -> None:
    one = made(replace(SMALL, gold=0.3), seed=15)
    found = locate(one.evidence).posterior(one.evidence)
    known = one.evidence.gold != UNKNOWN
    assert (found.best == one.truth)[known].all()
    assert found.confidence[known].min() == 1


def test_rows_and_raters_may_come_in_any_order() -> None:
    one = made(replace(SMALL, n_traces=400, gold=0.0), seed=16)
    first = locate(one.evidence).posterior(one.evidence)
    evidence = one.evidence
    n_raters = len(evidence.raters)
    turned = np.arange(n_raters)[::-1]
    order = np.random.default_rng(1).permutation(len(evidence.reports))
    reports, verdicts = evidence.reports.take(order), evidence.verdicts
    other = Evidence.of(
        evidence.length,
        raters=Raters.of(evidence.raters.kind[turned], evidence.raters.family[turned]),
        outcome=evidence.outcome,
        question_hits=evidence.question_hits,
        question_tries=evidence.question_tries,
        rollouts=evidence.rollouts,
        reports=Reports(reports.trace, n_raters - 1 - reports.rater, reports.place),
        verdicts=Verdicts(verdicts.trace, n_raters - 1 - verdicts.rater, verdicts.step, verdicts.bad),
    )
    assert locate(other).posterior(other).probability == pytest.approx(first.probability, abs=1e-6)


def test_a_new_label_moves_its_trace_and_no_other() -> None:
    one = made(replace(SMALL, n_traces=500), seed=17)
    evidence = one.evidence
    fit = locate(evidence)
    before = fit.posterior(evidence)
    trace = int(np.argmin(before.confidence))
    columns = (evidence.reports.trace, evidence.reports.rater, evidence.reports.place)
    place = int(np.argmax(before.of(trace)[:-1]))
    new = (np.array([trace]), np.array([len(JUDGES)]), np.array([place]))
    joined = Reports(*(np.concatenate(pair) for pair in zip(columns, new, strict=True)))
    more = replace(evidence, reports=joined.take(np.argsort(joined.trace, kind="stable")))
    after = fit.posterior(more)
    others = before.layout.trace != trace
    assert after.probability[others] == pytest.approx(before.probability[others])
    assert after.of(trace)[place] > before.of(trace)[place]
    alone = fit.posterior(more.take(np.array([trace])))
    assert alone.probability == pytest.approx(after.of(trace))


def clearing(fit: LocationFit, rater: int) -> FloatArray:
    """(9,) How probably the rater finds nothing in a trace of eight steps, by where its error is; last, by none."""
    own = fit.model.manners.take(rater * N_DIFFICULTIES + np.arange(N_DIFFICULTIES))
    return np.asarray(own.likelihood(8)[:, -1].mean(axis=0))


def test_a_spammer_says_nothing() -> None:
    readers = (*JUDGES, Reader(1, 20, manner="spams"), *PEOPLE)
    one = made(replace(SMALL, readers=readers), seed=18)
    without = made(SMALL, seed=18)
    found = locate(one.evidence)
    none = clearing(found, len(JUDGES))
    # What is said hardly depends on what is so.
    assert abs(none[4] - none[8]) < 0.1
    posterior = found.posterior(one.evidence.without_gold())
    plain = locate(without.evidence).posterior(without.evidence.without_gold())
    assert right(one, posterior.best) > right(without, plain.best) - 0.02
    assert off(one, posterior.confidence, posterior.best) < 0.03


def test_a_flipper_is_read_the_other_way_round() -> None:
    readers = (*JUDGES, Reader(1, 21, manner="flips"), *PEOPLE)
    one = made(replace(SMALL, readers=readers), seed=19)
    none = clearing(locate(one.evidence), len(JUDGES))
    assert none[4] > 0.5
    assert none[8] < 0.3


def test_ten_copies_of_one_judge_are_no_ten_judges() -> None:
    copies = tuple(Reader(1, 0, manner="copies", copies=0) for _ in range(9))
    one = made(
        replace(SMALL, readers=(Reader(1, 0), *copies), has_rollouts=False, has_verifier=False, gold=0.1),
        seed=20,
    )
    found = locate(one.evidence).posterior(one.evidence.without_gold())
    assert off(one, found.confidence, found.best) < 0.08
    assert found.confidence.mean() < right(one, found.best) + 0.06


def test_one_rater_alone_is_believed_as_far_as_assumed() -> None:
    one = made(
        replace(SMALL, readers=(Reader(1, 0),), has_rollouts=False, has_verifier=False, gold=0.0), seed=21
    )
    fit = locate(one.evidence)
    assert (fit.n_gold, fit.n_others) == (0, 0)
    assert any("assumed for the rater's kind" in text for text in fit.assumed)
    found = fit.posterior(one.evidence)
    says_error = one.evidence.reports.place[one.evidence.reports.rater == 0] != NO_ERROR
    assert found.confidence[says_error].mean() < 0.9


def test_when_all_disagree_nothing_is_sure() -> None:
    n, length = 40, 6
    trace = np.repeat(np.arange(n), length)
    evidence = Evidence.of(
        np.full(n, length),
        raters=Raters.of([1] * length),
        outcome=np.zeros(n, dtype=np.int64),
        reports=Reports(trace, np.tile(np.arange(length), n), np.tile(np.arange(length), n)),
    )
    found = locate(evidence).posterior(evidence)
    assert found.confidence.max() < 0.7


def test_a_criterion_nobody_labelled_is_left_at_the_prior() -> None:
    evidence = Evidence.of([3, 5], outcome=[1, -1])
    fit = locate(evidence)
    found = fit.posterior(evidence)
    assert found.none == pytest.approx([0.85, 0.5])
    assert any("no trace has two sources" in text for text in fit.assumed)
    # Without an answer or an attempt, a step is as likely as any of its fifth.
    assert found.of(1)[:-1] == pytest.approx(np.full(5, 0.1))


def test_labels_that_say_nothing_change_nothing() -> None:
    one = made(replace(SMALL, n_traces=200), seed=22)
    evidence = one.evidence
    nulls = np.full(98, UNKNOWN)
    rows = np.arange(98)
    reports = evidence.reports
    joined = Reports(
        np.concatenate([reports.trace, rows]),
        np.concatenate([reports.rater, np.zeros(98, dtype=np.int64)]),
        np.concatenate([reports.place, nulls]),
    )
    more = Evidence.of(
        evidence.length,
        raters=evidence.raters,
        outcome=evidence.outcome,
        question_hits=evidence.question_hits,
        question_tries=evidence.question_tries,
        gold=evidence.gold,
        rollouts=evidence.rollouts,
        reports=joined,
        verdicts=evidence.verdicts,
    )
    assert more.n_unknown == 98
    first, other = (locate(x).posterior(x).probability for x in (evidence, more))
    assert other == pytest.approx(first)


@pytest.mark.parametrize("second", [2, NO_ERROR])
def test_a_rater_who_contradicts_themselves_is_less_sure(second: int) -> None:
    raters = Raters.of([PERSON, 1])

    def confidence(places: list[int]) -> float:
        n = len(places)
        reports = Reports(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.array(places))
        evidence = Evidence.of([6], outcome=[-1], raters=raters, reports=reports)
        return float(locate(evidence).posterior(evidence).of(0)[4])

    once, twice, torn = confidence([4]), confidence([4, 4]), confidence([4, second])
    assert torn < once < twice
    # A repetition is worth less than a second person.
    both = Reports(np.zeros(2, dtype=np.int64), np.array([0, 1]), np.array([4, 4]))
    evidence = Evidence.of([6], outcome=[-1], raters=Raters.of([PERSON, PERSON]), reports=both)
    assert twice < float(locate(evidence).posterior(evidence).of(0)[4])


def test_verdicts_on_steps_count() -> None:
    at = np.zeros(3, dtype=np.int64)
    verdicts = Verdicts(at, at, np.array([0, 1, 2]), np.array([0, 0, 1]))
    evidence = Evidence.of([4], outcome=[0], raters=Raters.of([PERSON]), verdicts=verdicts)
    assert locate(evidence).posterior(evidence).best.tolist() == [2]


def test_no_trace_is_refused() -> None:
    with pytest.raises(Rejected, match="no trace"):
        locate(Evidence.of([]))


def test_the_seed_decides_which_traces_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotate.stats.locate.selection.MOST_OTHERS", 200)
    one = made(replace(SMALL, n_traces=600, gold=0.0), seed=23)
    first, again, other = (locate(one.evidence, seed=seed) for seed in (1, 1, 2))
    assert first.history == again.history
    assert first.history != other.history
    assert first.n_others == 200
