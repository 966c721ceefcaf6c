from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.consensus.funnel import as_json
from annotate.consensus.queries import funnel_of
from annotate.models import Exploration


class FunnelRowSerializer(serializers.Serializer[Any]):
    """``traces`` counts traces with at least one such step."""

    reason = serializers.CharField()
    title = serializers.CharField()
    action = serializers.CharField(allow_blank=True)
    steps = serializers.IntegerField()
    traces = serializers.IntegerField()


class ExplorationSerializer(serializers.ModelSerializer[Exploration]):
    """``detail`` and ``funnel`` hold everything the explorer shows; docs/explorer.md says what is what."""

    funnel = serializers.SerializerMethodField()

    class Meta:
        model = Exploration
        fields = ("run", "counted_at", "newest_label", "funnel", "detail")

    @extend_schema_field(FunnelRowSerializer(many=True))
    def get_funnel(self, exploration: Exploration) -> list[dict[str, Any]]:
        return as_json(funnel_of(exploration.run))


class BesideDecisionSerializer(serializers.Serializer[Any]):
    action = serializers.CharField()
    level = serializers.CharField(allow_blank=True)


class BesideCellSerializer(serializers.Serializer[Any]):
    """``judged`` of the ``n`` steps have a key; the runs are right on ``left_right`` and ``right_right`` of them."""

    left = BesideDecisionSerializer()
    right = BesideDecisionSerializer()
    n = serializers.IntegerField()
    judged = serializers.IntegerField()
    left_right = serializers.IntegerField()
    right_right = serializers.IntegerField()


class WrongSerializer(serializers.Serializer[Any]):
    """``k`` of ``n`` kept steps of ``traces`` traces are wrong, with a 95 % interval; nulls where there is no step."""

    k = serializers.IntegerField()
    n = serializers.IntegerField()
    traces = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class BesideSerializer(serializers.Serializer[Any]):
    """Two runs on the same steps; ``*_wrong`` are the shares of kept steps that are wrong by gold."""

    left_run = serializers.IntegerField()
    right_run = serializers.IntegerField()
    n = serializers.IntegerField()
    n_differing = serializers.IntegerField()
    only_left = serializers.IntegerField()
    only_right = serializers.IntegerField()
    left_wrong = WrongSerializer()
    right_wrong = WrongSerializer()
    cells = BesideCellSerializer(many=True)


class LedgerLineSerializer(serializers.Serializer[Any]):
    """``own`` is the place of the first error by this signal alone, -1 for none."""

    name = serializers.CharField()
    kind = serializers.CharField(allow_blank=True)
    rater = serializers.IntegerField(allow_null=True)
    own = serializers.IntegerField()
    log_odds = serializers.FloatField()
    share = serializers.FloatField()
    without = serializers.FloatField()


class LedgerSerializer(serializers.Serializer[Any]):
    lines = LedgerLineSerializer(many=True)
    correct = serializers.FloatField()
    best = serializers.IntegerField()
    rival = serializers.IntegerField()
    assumed = serializers.ListField(child=serializers.CharField())
    is_learned = serializers.BooleanField()


class SetAsideSerializer(serializers.Serializer[Any]):
    label_id = serializers.IntegerField(source="label.pk")
    why = serializers.CharField(source="aside")
    told = serializers.CharField()


class EvidenceSerializer(serializers.Serializer[Any]):
    """Ids of labels; ``ledger`` is null for policies that keep no fit, ``missing`` labels spoke and are gone."""

    decision = serializers.IntegerField()
    spoke = serializers.ListField(child=serializers.IntegerField())
    aside = SetAsideSerializer(many=True)
    gold = serializers.ListField(child=serializers.IntegerField())
    ruling = serializers.IntegerField(allow_null=True)
    missing = serializers.IntegerField()
    ledger = LedgerSerializer(allow_null=True)
