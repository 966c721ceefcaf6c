"""What to buy next for a trace: more rollouts, more votes, or a person; by one value, per dollar.

The value is the decision risk that it is expected to remove (`annotate.stats.locate.routing`), in wrong decisions about
steps. What it costs is what the project's own runs have recorded for such an answer, and a person's seconds at the pace
people read here. What an hour and a million tokens cost in dollars is stated (:class:`Prices`), unless runs have
recorded their cost themselves.

A plan takes what the budget puts right most with: where little is left the most per dollar, where much is left a dearer
offer that puts more right (`annotate.stats.knapsack`). One thing for a trace, since what is bought changes what
everything else there is worth. Ask again once it has come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from django.utils.translation import gettext

from annotate.assign.worth import most_worth
from annotate.consensus.belief import Belief, belief_of
from annotate.consensus.costs import AnswerCost, Prices, rollout_cost, vote_costs
from annotate.consensus.evidence import standing_of
from annotate.consensus.valuing import pace_of, seconds_to_read, valuing_run
from annotate.enums import Outcome
from annotate.models import Project, Run, Trace
from annotate.settings import require
from annotate.stats.knapsack import best_choice
from annotate.stats.locate.routing import (
    Pace,
    decision_risk,
    value_of_votes,
    value_per_reading,
    values_of_rollouts,
)

ROLLOUTS, VOTES = 8, 2
# Traces that are looked at: each costs some ten milliseconds and a few queries.
USUAL_TRACES, MOST_TRACES = 60, 300
USUAL_BUDGET = 10.0
# Less decision risk than this, or less of it removed, is nothing to spend on.
LEAST = 1e-3
HOUR = 3600.0


class What(StrEnum):
    ROLLOUTS = "rollouts"
    VOTES = "votes"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be bought for a trace.

    ``gain`` is in wrong decisions expected to be put right, ``cost`` in dollars. ``rater`` is the machine whose
    configuration is asked again, None for a person; ``step`` the position that rollouts start behind.
    """

    trace: int
    what: What
    gain: float
    cost: float
    rater: int | None = None
    step: int | None = None

    @property
    def per_dollar(self) -> float:
        return self.gain / self.cost


@dataclass(frozen=True, slots=True)
class TraceOffers:
    """All that can be bought for one trace, the best value first; ``risk`` is how much is expected to be wrong now."""

    trace: int
    external_id: str
    risk: float
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """Offers of the traces looked at, with what they rest on. ``missing`` says in words what cannot be bought, and why.

    ``n_left_out`` traces of the project have not been looked at.
    """

    run: Run
    prices: Prices
    pace: Pace
    costs: tuple[AnswerCost, ...]
    traces: tuple[TraceOffers, ...]
    missing: tuple[str, ...]
    n_left_out: int


@dataclass(frozen=True, slots=True)
class Lot:
    """What a plan buys of one kind from one source: ``offers``, the best value first."""

    what: What
    rater: int | None
    offers: tuple[Offer, ...]

    @property
    def gain(self) -> float:
        return sum(one.gain for one in self.offers)

    @property
    def cost(self) -> float:
        return sum(one.cost for one in self.offers)


def title_of(lot: Lot, names: Mapping[int, str]) -> str:
    """For people; ``names`` are those of the machines."""
    said = {
        What.ROLLOUTS: gettext("%(n)d more rollouts each, as %(name)s"),
        What.VOTES: gettext("%(n)d more votes each of %(name)s"),
        What.PERSON: gettext("A person reads each"),
    }[lot.what]
    n = {What.ROLLOUTS: ROLLOUTS, What.VOTES: VOTES, What.PERSON: 1}[lot.what]
    return said % {"n": n, "name": names.get(lot.rater or 0, "")}


def market_of(project: Project, prices: Prices, *, most: int = USUAL_TRACES) -> Market | None:
    """What can be bought for the ``most`` traces most worth a look; None where no consensus has kept a fit."""
    require(1 <= most <= MOST_TRACES, "traces", f"must be from 1 to {MOST_TRACES}.")
    run = valuing_run(project)
    if run is None:
        return None
    pace = pace_of(project)
    rolling, why_no_rollouts = rollout_cost(project, prices)
    voting, why_no_votes = vote_costs(project, run, prices)
    ids = most_worth(project, most)
    traces = Trace.objects.select_related("project", "problem").in_bulk(ids)
    standing = standing_of(project)
    beliefs = ((traces[pk], belief_of(run, traces[pk], standing)) for pk in ids if pk in traces)
    found = (
        _offers_of(run, trace, belief, prices, pace, rolling, voting)
        for trace, belief in beliefs
        if belief is not None
    )
    return Market(
        run,
        prices,
        pace,
        (*((rolling,) if rolling else ()), *voting),
        tuple(found),
        (*why_no_rollouts, *why_no_votes),
        project.traces.count() - len(traces),
    )


def _offers_of(
    run: Run,
    trace: Trace,
    belief: Belief,
    prices: Prices,
    pace: Pace,
    rolling: AnswerCost | None,
    voting: Sequence[AnswerCost],
) -> TraceOffers:
    risk = float(decision_risk(belief.posterior.probability))
    offers = [_person(run, trace, belief, prices, pace)]
    if rolling is not None and trace.problem.reference_answer and trace.outcome != Outcome.RIGHT:
        offers += _rollouts(trace, belief, rolling)
    offers += (_votes(trace, belief, one) for one in voting if one.rater in belief.located.codes)
    worthwhile = [one for one in offers if one.gain >= LEAST]
    ordered = sorted(worthwhile, key=lambda one: (-one.per_dollar, one.what, one.rater or 0))
    return TraceOffers(trace.pk, trace.external_id, risk, tuple(ordered))


def _person(run: Run, trace: Trace, belief: Belief, prices: Prices, pace: Pace) -> Offer:
    value = float(value_per_reading(belief.fit, belief.evidence, belief.posterior)[0])
    seconds = float(seconds_to_read(run, belief.posterior, pace)[0])
    return Offer(trace.pk, What.PERSON, value, seconds / HOUR * prices.person_hour)


def _rollouts(trace: Trace, belief: Belief, cost: AnswerCost) -> list[Offer]:
    """At the step where they are worth most."""
    values = values_of_rollouts(belief.fit, belief.evidence, 0, tries=ROLLOUTS)
    if not len(values):
        return []
    step = int(np.argmax(values))
    return [Offer(trace.pk, What.ROLLOUTS, float(values[step]), ROLLOUTS * cost.dollars, cost.rater, step)]


def _votes(trace: Trace, belief: Belief, cost: AnswerCost) -> Offer:
    code = belief.located.codes[cost.rater]
    value = float(value_of_votes(belief.fit, belief.evidence, belief.posterior, code, votes=VOTES)[0])
    return Offer(trace.pk, What.VOTES, value, VOTES * cost.dollars, cost.rater)


def plan(traces: Iterable[TraceOffers], budget: float) -> tuple[Lot, ...]:
    """What a budget in dollars buys, at most one offer for a trace: for the most gain, the most valuable lot first.

    Raises ``Rejected`` for no budget.
    """
    require(budget > 0, "budget", "must be above 0.")
    offers = [offer for one in traces for offer in one.offers]
    chosen = best_choice(
        np.array([one.trace for one in offers], dtype=np.int64),
        np.array([one.gain for one in offers], dtype=np.float64),
        np.array([one.cost for one in offers], dtype=np.float64),
        budget,
    )
    bought: dict[tuple[What, int | None], list[Offer]] = {}
    for offer in sorted((offers[i] for i in chosen.tolist()), key=lambda one: -one.per_dollar):
        bought.setdefault((offer.what, offer.rater), []).append(offer)
    lots = (Lot(what, rater, tuple(offers)) for (what, rater), offers in bought.items())
    return tuple(sorted(lots, key=lambda lot: -lot.gain))


def as_json(market: Market, lots: Iterable[Lot]) -> dict[str, Any]:
    """The plan and what it rests on, for programs; steps are positions."""
    return {
        "run": market.run.pk,
        "seconds_per_step": market.pace.seconds_per_step,
        "n_timed": market.pace.n_measured,
        "costs": [asdict(one) for one in market.costs],
        "missing": list(market.missing),
        "n_left_out": market.n_left_out,
        "lots": [
            {
                "what": lot.what.value,
                "rater": lot.rater,
                "gain": lot.gain,
                "cost": lot.cost,
                "places": [{"trace": one.trace, "step": one.step} for one in lot.offers],
            }
            for lot in lots
        ],
    }
