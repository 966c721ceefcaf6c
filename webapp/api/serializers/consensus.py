from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.models import Consensus

from .fields import KnownOrNull, Settings


class DecisionSerializer(serializers.ModelSerializer[Consensus]):
    """``spoke`` holds the ids of the labels the policy read; tier, risk and soft target are null without a model."""

    step = serializers.IntegerField(source="step.position", read_only=True)
    trace = serializers.IntegerField(source="step.trace_id", read_only=True)
    value = KnownOrNull()
    tier = KnownOrNull()

    class Meta:
        model = Consensus
        fields = (
            "id",
            "trace",
            "step",
            "action",
            "value",
            "probability",
            "tier",
            "risk",
            "p_correct",
            "reason",
            "explanation",
            "spoke",
        )


class NewConsensus(serializers.Serializer[Any]):
    policy = serializers.CharField(max_length=80)
    settings = Settings()
    criterion = serializers.CharField(
        max_length=60, allow_blank=True, default="", help_text="Of steps; the policy's usual one if left out."
    )


class AskedConsensus(serializers.Serializer[Any]):
    """``run`` is listed among the project's runs at once, with its state and why it failed."""

    run = serializers.IntegerField()
    detail = serializers.CharField()


class Queued(serializers.Serializer[Any]):
    """A worker has been asked; the row appears in the list once it is done."""

    detail = serializers.CharField()
