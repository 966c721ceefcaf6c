from __future__ import annotations

from rest_framework import serializers

from annotate.models import Rater


class RaterSerializer(serializers.ModelSerializer[Rater]):
    username = serializers.CharField(source="person.username", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Rater
        fields = ("id", "kind", "name", "username", "is_simulated", "config", "created_at")
