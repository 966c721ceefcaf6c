from __future__ import annotations

from rest_framework import serializers

from annotate.models import Estimate

from .fields import KnownOrNull


class EstimateSerializer(serializers.ModelSerializer[Estimate]):
    """``value`` null: the data cannot say, and ``reason`` holds why."""

    criterion = serializers.CharField(source="criterion.key", read_only=True)
    rater = serializers.CharField(source="rater.name", read_only=True, allow_null=True, default=None)
    reason = KnownOrNull()

    class Meta:
        model = Estimate
        fields = (
            "id",
            "criterion",
            "rater",
            "name",
            "value",
            "low",
            "high",
            "n",
            "reason",
            "detail",
            "data_version",
            "created_at",
        )
