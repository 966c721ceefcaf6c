from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.costs import Prices, rollout_cost, vote_costs
from annotate.consensus.spending import (
    ROLLOUTS,
    Market,
    Offer,
    TraceOffers,
    What,
    market_of,
    plan,
)
from annotate.consensus.valuing import valuing_run
from annotate.enums import Outcome, RaterKind
from annotate.errors import Rejected
from annotate.models import Project
from tests.annotate.consensus.markets import a_machine, a_market, says
from tests.factories import a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db
PRICES = Prices()


@pytest.fixture
def project() -> Project:
    return a_market()


def market(project: Project, prices: Prices = PRICES, **asked: int) -> Market:
    found = market_of(project, prices, **asked)
    assert found is not None
    return found


def test_machines_and_people_are_offered_by_one_value_for_what_they_cost(project: Project) -> None:
    found = market(project)
    doubted = {trace.pk for trace in project.traces.order_by("pk")[:3]}
    assert {one.trace for one in found.traces[:3]} == doubted
    offers = [offer for one in found.traces[:3] for offer in one.offers]
    assert {offer.what for offer in offers} == {What.ROLLOUTS, What.VOTES, What.PERSON}
    for one in found.traces:
        assert [o.per_dollar for o in one.offers] == sorted((o.per_dollar for o in one.offers), reverse=True)
        assert all(0 < offer.gain <= one.risk for offer in one.offers)
    costs = {offer.what: offer.cost for offer in offers}
    # 40 tokens a rollout and 2,000 a critique at a dollar the million; at most six steps of 20 seconds.
    assert costs[What.ROLLOUTS] == pytest.approx(8 * 40e-6)
    assert costs[What.VOTES] == pytest.approx(2 * 2000e-6)
    assert 0 < costs[What.PERSON] <= 6 * 20 / 3600 * 30
    assert all((offer.step is not None) == (offer.what is What.ROLLOUTS) for offer in offers)


def test_dear_machines_leave_the_trace_to_a_person(project: Project) -> None:
    cheap = market(project).traces[0].offers[0]
    dear = market(project, Prices(person_hour=1, million_tokens=10_000)).traces[0].offers[0]
    assert cheap.what is not What.PERSON
    assert dear.what is What.PERSON


def test_recorded_dollars_come_before_the_stated_price(project: Project) -> None:
    stated, _ = rollout_cost(project, PRICES)
    assert stated is not None
    assert (stated.is_recorded, stated.n, stated.dollars) == (False, 2, pytest.approx(40e-6))
    a_machine(project, "rollout/scan", cost=0.25, criterion="recoverable")
    recorded, _ = rollout_cost(project, PRICES)
    assert recorded is not None
    assert (recorded.is_recorded, recorded.dollars) == (True, 0.25)


def test_what_cannot_be_bought_is_said(project: Project) -> None:
    other = a_project()
    trace = a_trace(other, n_steps=5, outcome=Outcome.WRONG)
    one, two = (a_rater(other, RaterKind.JUDGE, name) for name in ("judge/file", "judge/other"))
    says(one, trace, 1)
    says(two, trace, 2)
    assert market_of(other, PRICES) is None
    run = run_consensus(other, policy="posterior", settings={"audit_share": 0})
    assert valuing_run(other) == run
    costs, missing = vote_costs(other, run, PRICES)
    assert costs == ()
    assert len(missing) == 2
    assert rollout_cost(other, PRICES)[0] is None
    # There are no turns, so nobody could read: nothing is looked at, and that is said.
    assert (market(other).traces, market(other).n_left_out) == ((), 1)


def test_rollouts_are_not_offered_behind_a_right_answer(project: Project) -> None:
    project.traces.update(outcome=Outcome.RIGHT)
    offers = {offer.what for one in market(project).traces for offer in one.offers}
    assert What.ROLLOUTS not in offers


def test_only_so_many_traces_are_looked_at_and_the_rest_is_counted(project: Project) -> None:
    found = market(project, most=2)
    assert (len(found.traces), found.n_left_out) == (2, 4)
    with pytest.raises(Rejected, match="from 1 to") as refusal:
        market_of(project, PRICES, most=0)
    assert refusal.value.field == "traces"


def offered(trace: int, *offers: Offer) -> TraceOffers:
    return TraceOffers(trace, str(trace), 1.0, offers)


def test_a_plan_takes_one_thing_a_trace_by_value_per_dollar_within_the_budget() -> None:
    rollouts = Offer(1, What.ROLLOUTS, 0.4, 1.0, rater=9, step=2)
    person = Offer(2, What.PERSON, 0.9, 4.0)
    dear = Offer(3, What.PERSON, 0.5, 40.0)
    votes = Offer(4, What.VOTES, 0.1, 1.0, rater=8)
    traces = [
        offered(1, rollouts, replace(person, trace=1)),
        offered(2, person),
        offered(3, dear),
        offered(4, votes),
        offered(5),
    ]
    found = plan(traces, 6.0)
    assert [(lot.what, lot.rater, [one.trace for one in lot.offers]) for lot in found] == [
        (What.PERSON, None, [2]),
        (What.ROLLOUTS, 9, [1]),
        (What.VOTES, 8, [4]),
    ]
    assert sum(lot.cost for lot in found) == 6.0
    # The dear person is passed over for votes that still fit.
    assert [lot.what for lot in plan(traces, 1.0)] == [What.ROLLOUTS]
    with pytest.raises(Rejected, match="above 0"):
        plan(traces, 0)


@pytest.mark.parametrize(("budget", "people"), [(20.0, 10), (1.0, 1), (0.4, 0)])
def test_money_that_is_left_goes_into_what_puts_more_right(budget: float, people: int) -> None:
    traces = [
        offered(
            i,
            Offer(i, What.VOTES, 0.002, 0.0002, rater=5),
            Offer(i, What.ROLLOUTS, 0.01, 0.002, rater=6, step=1),
            Offer(i, What.PERSON, 1.5, 0.5),
        )
        for i in range(10)
    ]
    found = plan(traces, budget)
    n = {lot.what: len(lot.offers) for lot in found}
    assert n.get(What.PERSON, 0) == people
    assert n.get(What.ROLLOUTS, 0) == 10 - people
    assert sum(lot.cost for lot in found) <= budget
    assert len({one.trace for lot in found for one in lot.offers}) == 10


@pytest.mark.parametrize("field", ["person_hour", "million_tokens"])
def test_prices_are_above_nothing(field: str) -> None:
    with pytest.raises(Rejected, match="above 0") as refusal:
        Prices(**{field: 0.0})
    assert refusal.value.field == field


def test_eight_rollouts_are_what_is_valued() -> None:
    assert ROLLOUTS == 8
