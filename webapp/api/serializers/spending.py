"""What to buy next for a project's traces."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.consensus.costs import Prices
from annotate.consensus.spending import MOST_TRACES, USUAL_BUDGET, USUAL_TRACES, What

KINDS = [(one.value, one.value) for one in What]


class SpotSerializer(serializers.Serializer[Any]):
    """A trace and, where rollouts start behind a step of it, the step's position."""

    trace = serializers.IntegerField(min_value=1)
    step = serializers.IntegerField(min_value=0, allow_null=True, default=None)


class LotSerializer(serializers.Serializer[Any]):
    """``gain`` in wrong decisions expected to be put right, ``cost`` in dollars; the best value first."""

    what = serializers.ChoiceField(choices=KINDS)
    rater = serializers.IntegerField(allow_null=True)
    gain = serializers.FloatField()
    cost = serializers.FloatField()
    places = SpotSerializer(many=True)


class AnswerCostSerializer(serializers.Serializer[Any]):
    """One answer of a machine on average over ``n``; ``is_recorded``: its runs recorded the dollars."""

    rater = serializers.IntegerField()
    name = serializers.CharField()
    tokens = serializers.FloatField()
    dollars = serializers.FloatField()
    is_recorded = serializers.BooleanField()
    n = serializers.IntegerField()


class MarketSerializer(serializers.Serializer[Any]):
    """``lots`` is what the budget buys. ``n_timed`` 0: the pace is assumed. ``missing`` says what cannot be bought."""

    run = serializers.IntegerField()
    seconds_per_step = serializers.FloatField()
    n_timed = serializers.IntegerField()
    costs = AnswerCostSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    n_left_out = serializers.IntegerField()
    lots = LotSerializer(many=True)


class AskedPlan(serializers.Serializer[Any]):
    """What is asked in the address. Prices are in dollars."""

    budget = serializers.FloatField(default=USUAL_BUDGET, min_value=0)
    person_hour = serializers.FloatField(default=Prices().person_hour)
    million_tokens = serializers.FloatField(default=Prices().million_tokens)
    traces = serializers.IntegerField(default=USUAL_TRACES, min_value=1, max_value=MOST_TRACES)


class NewOrder(serializers.Serializer[Any]):
    """A lot as the plan named it, or some of its places."""

    what = serializers.ChoiceField(choices=KINDS)
    rater = serializers.IntegerField(allow_null=True, default=None)
    places = SpotSerializer(many=True, allow_empty=False)


class Taken(serializers.Serializer[Any]):
    """``run`` waits for a worker; for people ``n_slots`` readings were added to the queue."""

    run = serializers.IntegerField(allow_null=True)
    n_slots = serializers.IntegerField()
