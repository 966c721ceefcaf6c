from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.models import Release

from .fields import KnownOrNull, Settings


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    error = KnownOrNull()
    created_by = serializers.CharField(
        source="created_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Release
        fields = (
            "id",
            "number",
            "run",
            "format",
            "settings",
            "state",
            "funnel",
            "manifest",
            "changes",
            "error",
            "created_by",
            "created_at",
            "published_at",
        )


class NewRelease(serializers.Serializer[Any]):
    format = serializers.CharField(max_length=40)
    settings = Settings()
