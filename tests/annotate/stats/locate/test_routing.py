from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import Rejected
from annotate.stats.locate.evidence import JUDGE, WRONG, Evidence, Raters, Reports, Rollouts
from annotate.stats.locate.evidence import PERSON as PERSON_KIND
from annotate.stats.locate.fit import locate
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.model import FIRST_RATER
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.routing import (
    Pace,
    decision_risk,
    queue_order,
    steps_to_read,
    tables_of_kind,
    value_of_reading,
    value_of_rollouts,
    value_of_votes,
    value_per_reading,
    values_of_rollouts,
)
from annotate.stats.locate.scans import N_ROWS
from tests.benchmarks.made.signals import JUDGES, World, made

ONE = made(World(n_traces=600), seed=41)
FIT = locate(ONE.evidence)
FREE = ONE.evidence.without_gold()
BELIEVED = FIT.posterior(FREE)
PERSON = len(JUDGES)


def test_a_reading_is_worth_most_where_nothing_is_sure() -> None:
    value = value_of_reading(FIT, FREE, BELIEVED, PERSON)
    risk = np.array([decision_risk(BELIEVED.of(one)) for one in range(600)])
    assert value.min() >= 0
    assert (value <= risk + 1e-9).all()
    assert np.corrcoef(value, risk)[0, 1] > 0.8


def test_a_person_is_worth_more_than_a_judge_and_half_a_vote_less_than_one() -> None:
    person, judge = (value_of_reading(FIT, FREE, BELIEVED, rater).sum() for rater in (PERSON, 0))
    half = value_of_reading(FIT, FREE, BELIEVED, 0, weight=0.3).sum()
    assert person > judge > half > 0


def test_a_reading_is_worth_what_the_fit_will_believe_of_it() -> None:
    trust = FIT.model.trust.copy()
    trust[FIRST_RATER + PERSON_KIND] = 0.4
    doubting = replace(FIT, model=replace(FIT.model, trust=trust))
    plain = replace(FIT, model=replace(FIT.model, trust=np.ones_like(trust)))

    doubted = value_of_reading(doubting, FREE, BELIEVED, PERSON)

    assert doubted == pytest.approx(value_of_reading(plain, FREE, BELIEVED, PERSON, weight=0.4))
    anybody = [value_per_reading(fit, FREE, BELIEVED).sum() for fit in (doubting, plain)]
    assert anybody[0] < anybody[1]


def test_more_rollouts_are_worth_something_where_they_decide() -> None:
    # Behind a right answer rollouts succeed whether or not there was an error, and decide little.
    trace = int(np.argmin(np.where(FREE.outcome == WRONG, BELIEVED.confidence, 1.0)))
    length = int(FREE.length[trace])
    values = [value_of_rollouts(FIT, FREE, trace, step) for step in range(length - 1)]
    assert min(values) >= 0
    assert max(values) > 0.005
    sure = int(np.argmax(BELIEVED.confidence))
    assert value_of_rollouts(FIT, FREE, sure, 0) < 0.01


def test_risk_of_certainty_is_none() -> None:
    assert decision_risk(np.eye(4)) == pytest.approx(np.zeros(4))
    assert decision_risk(np.full(3, 1 / 3)) == pytest.approx(1 / 3 + 2 / 3)


def test_people_set_their_own_pace() -> None:
    assert Pace.of(np.array([1, 3]), np.array([20.0, 60.0])).seconds(np.array([4])) == pytest.approx([62.5])
    assert Pace.of(np.array([2]), np.array([0.0]), assumed=9) == Pace(9, n_measured=0)
    assert Pace.of(np.array([1, 3]), np.array([20.0, np.nan])).n_measured == 1


def test_the_queue_goes_by_value_per_second() -> None:
    assert queue_order(np.array([1.0, 3.0, 1.0]), np.array([1.0, 6.0, 1.0])).tolist() == [0, 2, 1]
    with pytest.raises(Rejected, match="positive"):
        queue_order(np.ones(1), np.zeros(1))


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(Rejected, match="rater"):
        value_of_reading(FIT, FREE, BELIEVED, 99)
    with pytest.raises(Rejected, match="step"):
        value_of_rollouts(FIT, FREE, 0, 99)


def test_where_one_reading_changes_nothing_two_that_agree_may() -> None:
    """One report against .996 moves no decision: its value is 0 and the queue could not tell such traces apart."""
    believed = LocationPosterior(Layout.of(np.array([2, 2])), np.array([0.003, 0.001, 0.996, 0.0, 0.0, 1.0]))
    evidence = Evidence.of([2, 2], raters=FREE.raters)
    assert value_of_reading(FIT, evidence, believed, PERSON) == pytest.approx([0, 0], abs=1e-9)
    doubtful, sure = value_per_reading(FIT, evidence, believed)
    assert doubtful > 0
    assert sure == pytest.approx(0, abs=1e-12)


def test_anybody_of_a_kind_reads_like_its_mean_or_as_assumed() -> None:
    is_person = FIT.model.raters.kind == 0
    found = tables_of_kind(FIT, 0)
    for name in ("shift", "scan", "habit", "manner"):
        people = getattr(FIT.model, name)[is_person]
        assert getattr(found, name) == pytest.approx(people.mean(axis=0))
    nobody = tables_of_kind(locate(Evidence.of([2], raters=Raters.of([JUDGE]))), 0)
    for table, n_rows in ((nobody.shift, 4), (nobody.scan, N_ROWS), (nobody.habit, 1), (nobody.manner, 1)):
        assert table.sum(axis=-1) == pytest.approx(np.ones((3, n_rows)))
    with pytest.raises(Rejected, match="kind"):
        tables_of_kind(FIT, 3)


def test_whoever_stops_at_the_first_error_reads_less() -> None:
    believed = LocationPosterior(
        Layout.of(np.array([3, 3, 3])), np.array([1, 0, 0, 0, 0, 0, 0, 1, 0.5, 0, 0.5, 0.0])
    )
    assert steps_to_read(believed) == pytest.approx([1, 3, 2])


def test_all_steps_at_once_are_worth_what_each_is_alone() -> None:
    trace = int(np.argmin(BELIEVED.confidence))
    length = int(FREE.length[trace])
    alone = [value_of_rollouts(FIT, FREE, trace, step, tries=4) for step in range(length - 1)]
    assert values_of_rollouts(FIT, FREE, trace, tries=4) == pytest.approx(alone)
    assert values_of_rollouts(FIT, Evidence.of([1], raters=FREE.raters), 0).tolist() == []


def test_a_value_of_rollouts_is_what_they_remove_on_average() -> None:
    """Against the definition: every number of hits, by its probability under what is believed now."""
    # Without gold every channel is believed as it is, and the two outcomes' probabilities add up.
    fit = locate(FREE)
    trace = int(np.argmin(BELIEVED.confidence))
    value = value_of_rollouts(fit, FREE, trace, 0, tries=1)
    one = FREE.take(np.array([trace]))
    risks, chances = [], []
    for hits in (0, 1):
        rows = one.rollouts
        columns = zip((rows.trace, rows.step, rows.hits, rows.tries), (0, 0, hits, 1), strict=True)
        joined = Rollouts(*(np.append(column, more) for column, more in columns))
        probability, log_total = fit.outcomes(replace(one, rollouts=joined))
        risks.append(float(decision_risk(probability)))
        chances.append(float(np.exp(log_total[0] - fit.outcomes(one)[1][0])))
    assert sum(chances) == pytest.approx(1, abs=1e-6)
    before = float(decision_risk(fit.outcomes(one)[0]))
    assert value == pytest.approx(before - np.dot(chances, risks), abs=1e-6)


def test_further_votes_of_one_judge_are_worth_less_and_less() -> None:
    blank = Evidence.of([5], raters=FREE.raters)
    believed = FIT.posterior(blank)
    worth = [float(value_of_votes(FIT, blank, believed, 0, votes=n)[0]) for n in (1, 2, 8)]
    assert 0 < worth[0] < worth[1] < worth[2]
    voted = Evidence.of(
        [5], raters=FREE.raters, reports=Reports(*np.array([[0, 0, 0], [0, 0, 0], [1, 1, 3]]))
    )
    doubted = value_of_votes(FIT, voted, believed, 0, votes=2)
    assert doubted[0] < worth[1]
    with pytest.raises(Rejected, match="vote"):
        value_of_votes(FIT, blank, believed, 0, votes=0)
