from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.consensus.auditing import audit_of
from annotate.consensus.queries import note_of
from annotate.enums import RunKind, RunState
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
            "budget_tokens",
            "budget_completions",
            "state",
            "wants_cancel",
            "summary",
            "error",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )


class ReasonCount(serializers.Serializer[Any]):
    reason = serializers.CharField()
    count = serializers.IntegerField()


class WorkerAtRun(serializers.Serializer[Any]):
    """A worker that holds traces or pairs of the run; its lease is below 0 once it is lost."""

    name = serializers.CharField()
    units = serializers.IntegerField()
    lease_seconds = serializers.FloatField()


class Progress(serializers.Serializer[Any]):
    """Counts of traces (or pairs) and completions; rate and time left are null until there is a rate to speak of.

    Cost is in US dollars over the completions whose price is known, null when none is; unpriced counts the others.
    """

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
    cost = serializers.FloatField(allow_null=True)
    unpriced = serializers.IntegerField()
    budget_tokens = serializers.IntegerField(allow_null=True)
    budget_completions = serializers.IntegerField(allow_null=True)
    budget_share = serializers.FloatField(allow_null=True)
    per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.FloatField(allow_null=True)
    reasons = ReasonCount(many=True)
    endings = ReasonCount(many=True)
    silences = ReasonCount(many=True)
    workers = serializers.ListField(child=serializers.CharField())
    crew = WorkerAtRun(many=True)
    note = serializers.CharField(allow_null=True)


class AuditSerializer(serializers.Serializer[Any]):
    """How wrong what the run kept is, by people's readings of traces drawn by lot; error null with a reason."""

    share = serializers.FloatField()
    n_drawn = serializers.IntegerField()
    n_read = serializers.IntegerField()
    n_kept = serializers.IntegerField()
    n_steps = serializers.IntegerField()
    n_open = serializers.IntegerField()
    error = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    least = serializers.FloatField(
        allow_null=True, help_text="The lower limit were every step that readers left open right."
    )
    most = serializers.FloatField(allow_null=True, help_text="The upper limit were every one of them wrong.")
    reason = serializers.CharField(allow_null=True)


class RunWithProgress(RunSerializer):
    progress = serializers.SerializerMethodField()
    audit = serializers.SerializerMethodField(help_text="Of consensus runs that draw one; null otherwise.")

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "progress", "audit")

    @extend_schema_field(AuditSerializer(allow_null=True))
    def get_audit(self, run: Run) -> dict[str, Any] | None:
        audit = audit_of(run)
        return None if audit is None else audit.as_json()

    @extend_schema_field(Progress)
    def get_progress(self, run: Run) -> dict[str, Any]:
        progress = run_progress(run)
        counts = asdict(progress)
        for name, pairs in (
            ("reasons", counts.pop("errors")),
            *((n, counts[n]) for n in ("endings", "silences")),
        ):
            counts[name] = [{"reason": reason, "count": count} for reason, count in pairs]
        note = note_of(run) if run.kind == RunKind.CONSENSUS else progress.note
        return counts | {"workers": list(progress.workers), "note": note or None}


class NewRun(serializers.Serializer[Run]):
    strategy = serializers.CharField(max_length=80)
    backend = serializers.CharField(max_length=400, allow_blank=True, default="")
    settings = Settings()
    criterion = serializers.CharField(max_length=60, required=False)
    rater = serializers.CharField(max_length=160, allow_blank=True, default="", help_text="A name for it.")
    pairs_per_problem = serializers.IntegerField(
        min_value=1,
        default=1,
        help_text="Made of its traces where pairs are compared and there are none yet.",
    )
    budget_tokens = serializers.IntegerField(
        required=False, allow_null=True, help_text="Tokens read and written after which the run stops."
    )
    budget_completions = serializers.IntegerField(
        required=False, allow_null=True, help_text="Completions after which the run stops."
    )


class NewBudget(serializers.Serializer[Any]):
    """What is left out, or null, stays as it is."""

    budget_tokens = serializers.IntegerField(required=False, allow_null=True)
    budget_completions = serializers.IntegerField(required=False, allow_null=True)


class Retried(serializers.Serializer[Any]):
    retried = serializers.IntegerField()


class CompletionSerializer(serializers.ModelSerializer[Completion]):
    trace = serializers.CharField(
        source="unit.trace.external_id", read_only=True, allow_null=True, default=None
    )
    pair = serializers.CharField(
        source="unit.pair.external_id", read_only=True, allow_null=True, default=None
    )
    error = KnownOrNull()

    class Meta:
        model = Completion
        fields = (
            "id",
            "trace",
            "pair",
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
            "choices",
            "choice_source",
            "player",
            "model",
            "revision",
            "server",
            "seed",
            "cost",
            "error",
            "created_at",
        )
