from __future__ import annotations

from rest_framework import serializers

from annotate.ingest.drafts import BadRow
from annotate.ingest.report import IngestReport


class BadRowSerializer(serializers.Serializer[BadRow]):
    line = serializers.IntegerField()
    field = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class IngestReportSerializer(serializers.Serializer[IngestReport]):
    """Rows by what became of them, and the first of those that could not be taken."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    labels = serializers.IntegerField()
    is_dry_run = serializers.BooleanField()
    is_written = serializers.BooleanField()
    errors = BadRowSerializer(many=True)  # type: ignore[assignment]  # DRF's own errors are not read here


class IngestOptions(serializers.Serializer[IngestReport]):
    is_dry_run = serializers.BooleanField(default=False, help_text="Do all the work and take it back.")
    is_strict = serializers.BooleanField(
        default=False, help_text="Write nothing when one row cannot be taken."
    )
