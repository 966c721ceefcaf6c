from __future__ import annotations

from rest_framework import serializers

from annotate.models import Label

from .fields import KnownOrNull

# What a label's row is made of, fetched with it.
BESIDE = ("rater", "criterion", "trace", "step__trace", "candidate__step__trace", "assignment", "decided_by")


class LabelSerializer(serializers.ModelSerializer[Label]):
    """``step`` is a position from 0, or null for a label on the whole trace or on something else.

    That is then the id of a ``candidate``, a ``pair`` or a ``lineup``.
    """

    rater = serializers.CharField(source="rater.name", read_only=True)
    rater_kind = serializers.CharField(source="rater.kind", read_only=True)
    is_simulated = serializers.BooleanField(source="rater.is_simulated", read_only=True)
    criterion = serializers.CharField(source="criterion.key", read_only=True)
    trace = serializers.SerializerMethodField(
        help_text="The id of the trace that the label is about, or one of whose steps; null for pairs and lineups."
    )
    step = serializers.IntegerField(source="step.position", read_only=True, allow_null=True, default=None)
    until_version = serializers.SerializerMethodField(
        help_text="The last boundary version with the label's step; null: the trace has it now."
    )
    value = KnownOrNull()
    decided_by = serializers.CharField(
        source="decided_by.name",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="The reviewer behind a decision, which is a label of the rater kind review.",
    )
    is_draft = serializers.SerializerMethodField(
        help_text="Part of a trace its rater has not submitted, so it does not count."
    )

    class Meta:
        model = Label
        fields = (
            "id",
            "rater",
            "rater_kind",
            "is_simulated",
            "criterion",
            "trace",
            "step",
            "until_version",
            "candidate",
            "pair",
            "lineup",
            "value",
            "score",
            "distribution",
            "text",
            "evidence",
            "seconds",
            "run",
            "supersedes",
            "decided_by",
            "is_live",
            "is_draft",
            "created_at",
        )

    def get_trace(self, label: Label) -> str | None:
        step = label.step or (label.candidate.step if label.candidate else None)
        trace = label.trace or (step.trace if step else None)
        return trace.external_id if trace else None

    def get_until_version(self, label: Label) -> int | None:
        return label.step.retired_in - 1 if label.step and label.step.retired_in else None

    def get_is_draft(self, label: Label) -> bool:
        return label.assignment is not None and label.assignment.state != "submitted"


class LabelFilters(serializers.Serializer[Label]):
    rater_kind = serializers.CharField(required=False)
    rater = serializers.CharField(required=False, help_text="The rater's name.")
    criterion = serializers.CharField(required=False, help_text="The criterion's key.")
    step = serializers.IntegerField(required=False, min_value=0, help_text="A position from 0.")
    is_live = serializers.BooleanField(
        required=False, default=True, help_text="false: superseded labels instead."
    )
