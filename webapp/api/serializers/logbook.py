from __future__ import annotations

from rest_framework import serializers

from annotate.models import LogEntry


class LogEntrySerializer(serializers.ModelSerializer[LogEntry]):
    """``actor`` is the key of the person who acted, null where nobody was signed in."""

    actor = serializers.IntegerField(source="actor_pk", allow_null=True)
    subject = serializers.IntegerField(source="subject_pk", allow_null=True)

    class Meta:
        model = LogEntry
        fields = ("id", "at", "actor", "via", "verb", "noun", "subject", "before", "after")
        read_only_fields = fields
