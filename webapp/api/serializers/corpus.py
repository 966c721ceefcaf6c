from __future__ import annotations

from rest_framework import serializers

from annotate.models import Problem, Step, Trace

from .fields import KnownOrNull


class ProblemSerializer(serializers.ModelSerializer[Problem]):
    class Meta:
        model = Problem
        fields = ("id", "external_id", "text", "reference_answer", "reference_solution", "meta")


class TraceSerializer(serializers.ModelSerializer[Trace]):
    source_model = KnownOrNull()

    class Meta:
        model = Trace
        fields: tuple[str, ...] = (
            "id",
            "external_id",
            "problem",
            "source_model",
            "outcome",
            "n_steps",
            "boundary_version",
            "text_hash",
            "meta",
            "created_at",
        )


class StepSerializer(serializers.ModelSerializer[Step]):
    """``text`` is what the model emitted; its last ``tail`` characters are the separator."""

    class Meta:
        model = Step
        fields = ("id", "position", "kind", "text", "tail", "meta")


class TraceWithSteps(TraceSerializer):
    problem = ProblemSerializer(read_only=True)
    steps = StepSerializer(many=True, read_only=True)

    class Meta(TraceSerializer.Meta):
        fields = (*TraceSerializer.Meta.fields, "steps")
