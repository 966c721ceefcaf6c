from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.enums import RunState
from annotate.models import Completion, Run
from annotate.prelabel.queries import run_progress

from .fields import KnownOrNull, Settings


class RunSerializer(serializers.ModelSerializer[Run]):
    criterion = serializers.CharField(source="criterion.key", read_only=True)
    rater = serializers.CharField(source="rater.name", read_only=True, allow_null=True, default=None)
    backend = KnownOrNull()
    error = KnownOrNull()
    created_by = serializers.CharField(
        source="created_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "name",
            "criterion",
            "rater",
            "backend",
            "settings",
            "state",
            "wants_cancel",
            "summary",
            "error",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )


class ErrorCount(serializers.Serializer[Any]):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class Progress(serializers.Serializer[Any]):
    """Counts of traces and completions; rate and time left are null until there is a rate to speak of."""

    state = serializers.ChoiceField(choices=RunState.choices)
    total = serializers.IntegerField()
    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    completions = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.FloatField(allow_null=True)
    reasons = ErrorCount(many=True)
    workers = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_null=True)


class RunWithProgress(RunSerializer):
    progress = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "progress")

    @extend_schema_field(Progress)
    def get_progress(self, run: Run) -> dict[str, Any]:
        counts = asdict(run_progress(run))
        reasons = [{"reason": reason, "count": count} for reason, count in counts.pop("errors")]
        return counts | {"reasons": reasons, "note": counts["note"] or None}


class NewRun(serializers.Serializer[Run]):
    strategy = serializers.CharField(max_length=80)
    backend = serializers.CharField(max_length=400, allow_blank=True, default="")
    settings = Settings()
    criterion = serializers.CharField(max_length=60, required=False)
    rater = serializers.CharField(max_length=160, allow_blank=True, default="", help_text="A name for it.")


class Retried(serializers.Serializer[Any]):
    retried = serializers.IntegerField()


class CompletionSerializer(serializers.ModelSerializer[Completion]):
    trace = serializers.CharField(source="unit.trace.external_id", read_only=True)
    error = KnownOrNull()

    class Meta:
        model = Completion
        fields = (
            "id",
            "trace",
            "about",
            "purpose",
            "digest",
            "sample",
            "text",
            "finish_reason",
            "sampling",
            "prompt_tokens",
            "completion_tokens",
            "logprob",
            "scores",
            "model",
            "error",
            "created_at",
        )
