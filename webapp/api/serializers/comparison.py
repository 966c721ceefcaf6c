"""What a person may see of what they compare: the problem, the sides, the questions and their own answers.

As with traces, nothing here comes from another person or a machine, nor from a trace's name, outcome, model or meta
data.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.assign.queries import feedback_on
from annotate.label.comparing import compared_criteria, own_answers
from annotate.label.spread import Spread, spread_of
from annotate.models import Comparison
from annotate.models.lineup import FEWEST, MOST

from .assignment import Lease, ShownProblem, ShownStep
from .rubric import CriterionSerializer


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """``about`` is what is compared: a pair, or a lineup to be put in order."""

    project = serializers.SlugField(source="project.slug", read_only=True)
    about = serializers.ChoiceField(choices=("pair", "lineup"), source="scope", read_only=True)

    class Meta:
        model = Comparison
        fields: tuple[str, ...] = (
            "id",
            "project",
            "about",
            "state",
            "token",
            "held_until",
            "opened_at",
            "finished_at",
            "note",
        )


class ShownSide(serializers.Serializer[Any]):
    """One of what is compared, from where it parts from the others. A ranking names it by its letter."""

    letter = serializers.CharField()
    title = serializers.CharField()
    steps = ShownStep(many=True)


class OwnAnswer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_blank=True)


class ComparisonSheet(ComparisonSerializer):
    """A comparison laid out for its holder. ``shared`` are the steps that every side begins with."""

    problem = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField()
    sides = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()
    feedback = serializers.SerializerMethodField(
        help_text="Where the project says so: how far it agrees with the known answer, once submitted."
    )

    class Meta(ComparisonSerializer.Meta):
        fields = (
            *ComparisonSerializer.Meta.fields,
            "problem",
            "shared",
            "sides",
            "criteria",
            "answers",
            "feedback",
        )

    def to_representation(self, instance: Comparison) -> dict[str, Any]:
        self._spread: Spread = spread_of(instance)
        self._criteria = compared_criteria(instance.project, instance.scope)
        return super().to_representation(instance)

    @extend_schema_field(ShownProblem)
    def get_problem(self, comparison: Comparison) -> dict[str, Any]:
        problem, is_shown = self._spread.problem, comparison.project.shows_reference
        return {
            "text": problem.text,
            "reference_answer": problem.reference_answer if is_shown else None,
            "reference_solution": problem.reference_solution if is_shown else None,
        }

    @extend_schema_field(ShownStep(many=True))
    def get_shared(self, comparison: Comparison) -> list[dict[str, Any]]:
        return list(ShownStep(self._spread.shared, many=True).data)

    @extend_schema_field(ShownSide(many=True))
    def get_sides(self, comparison: Comparison) -> list[dict[str, Any]]:
        return list(ShownSide(self._spread.sides, many=True).data)

    @extend_schema_field(CriterionSerializer(many=True))
    def get_criteria(self, comparison: Comparison) -> list[dict[str, Any]]:
        return list(CriterionSerializer(self._criteria, many=True).data)

    @extend_schema_field(OwnAnswer(many=True))
    def get_answers(self, comparison: Comparison) -> list[dict[str, Any]]:
        key_of = {criterion.pk: criterion.key for criterion in self._criteria}
        return [
            {"criterion": key_of[pk], "value": said.value or None, "text": said.text}
            for pk, said in sorted(own_answers(comparison).items())
            if pk in key_of
        ]

    def get_feedback(self, comparison: Comparison) -> str | None:
        return feedback_on(comparison) or None


class ComparisonClaim(serializers.Serializer[Any]):
    """``comparison`` null: there is nothing to take, and ``reason`` says why."""

    comparison = ComparisonSheet(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class ComparisonAnswer(serializers.Serializer[Any]):
    criterion = serializers.CharField(help_text="The criterion's key.")
    value = serializers.CharField(
        allow_blank=True,
        default="",
        help_text="The key of a level; tags with spaces between them; an order as letters, best first: b>a=c.",
    )
    text = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)
    seconds = serializers.FloatField(allow_null=True, default=None, min_value=0)


class ComparisonAnswers(Lease):
    """All the answers to one comparison: they are written together, or none is."""

    answers = ComparisonAnswer(many=True, allow_empty=False)


class NewComparisons(serializers.Serializer[Any]):
    what = serializers.ChoiceField(
        choices=("traces", "steps", "lineups", "none"),
        help_text="Pairs of traces, pairs of the steps where two part, lineups; none: ask about those there are.",
    )
    per_problem = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    size = serializers.IntegerField(
        min_value=FEWEST, max_value=MOST, default=4, help_text="Of a lineup, at most."
    )
    is_dry_run = serializers.BooleanField(default=False, help_text="Count, and do nothing.")


class MadeComparisons(serializers.Serializer[Any]):
    """``slots``: comparisons that people are asked for more than before; null in a dry run, as ``is_done``.

    ``is_done`` false: it is much and a worker makes them; ``…/queue/filling/`` says how far it is.
    """

    pairs = serializers.IntegerField()
    lineups = serializers.IntegerField()
    slots = serializers.IntegerField(allow_null=True)
    is_done = serializers.BooleanField(allow_null=True)
    of_problems = serializers.IntegerField(
        allow_null=True,
        help_text="In a dry run that looked at so many problems alone, because there are too many; else null.",
    )
