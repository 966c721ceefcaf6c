from __future__ import annotations

from rest_framework import serializers

from annotate.measure.reports import JudgeReport, Rate

from .estimate import EstimateSerializer


class RateSerializer(serializers.Serializer[Rate]):
    """``value`` null: it could not be measured, and ``reason`` says why. For a bias, lower is better."""

    name = serializers.CharField(source="family.name")
    title = serializers.CharField(source="family.title")
    is_bias = serializers.BooleanField(source="family.is_bias")
    value = serializers.FloatField(source="estimate.value", allow_null=True)
    low = serializers.FloatField(source="estimate.low", allow_null=True)
    high = serializers.FloatField(source="estimate.high", allow_null=True)
    n = serializers.IntegerField(source="estimate.n")
    n_unread = serializers.IntegerField(source="estimate.detail.n_unread")
    n_not_applicable = serializers.IntegerField(source="estimate.detail.n_skipped")
    reason = serializers.CharField(source="estimate.reason")
    wanted = serializers.FloatField(allow_null=True)
    is_missed = serializers.BooleanField()


class JudgeReportSerializer(serializers.Serializer[JudgeReport]):
    """Where a judge stands against the project's gate; ``run`` is its newest audit, which may still be under way."""

    rater = serializers.IntegerField(source="rater.pk")
    name = serializers.CharField(source="rater.name")
    asked_about = serializers.ChoiceField(source="noun", choices=("trace", "pair"))
    trust = serializers.ChoiceField(source="trust.state", choices=("trusted", "below", "unaudited"))
    reason = serializers.CharField(source="trust.reason")
    run = serializers.IntegerField(source="run.pk", allow_null=True, default=None)
    is_running = serializers.BooleanField()
    rates = RateSerializer(many=True)
    calibrations = EstimateSerializer(many=True)
