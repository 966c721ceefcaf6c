from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import CandidateKind, CriterionKind, Scope, StepKind
from annotate.ingest.presets import GALLERY, CriterionPreset, LevelPreset, RubricPreset
from annotate.models import Criterion, Level, Rubric


class LevelSerializer(serializers.ModelSerializer[Level]):
    class Meta:
        model = Level
        fields = (
            "key",
            "title",
            "description",
            "examples",
            "hotkey",
            "score",
            "needs_text",
            "ends_trace",
            "is_fatal",
        )


class CriterionSerializer(serializers.ModelSerializer[Criterion]):
    """``condition`` and ``group`` are keys of criteria of the same rubric, or null."""

    levels = LevelSerializer(many=True, read_only=True)
    severities = serializers.ListField(child=serializers.CharField(), read_only=True)
    step_kinds = serializers.ListField(child=serializers.CharField(), read_only=True)
    condition = serializers.CharField(source="condition.key", read_only=True, allow_null=True, default=None)
    condition_levels = serializers.ListField(child=serializers.CharField(), read_only=True)
    group = serializers.CharField(source="parent.key", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Criterion
        fields = (
            "id",
            "key",
            "title",
            "description",
            "scope",
            "kind",
            "weight",
            "group",
            "is_asked",
            "is_optional",
            "stops_at_first_error",
            "fills_before_error",
            "step_kinds",
            "candidate_kind",
            "severities",
            "condition",
            "condition_levels",
            "levels",
        )


class RubricSerializer(serializers.ModelSerializer[Rubric]):
    criteria = CriterionSerializer(many=True, read_only=True)

    class Meta:
        model = Rubric
        fields = (
            "id",
            "name",
            "version",
            "guidelines",
            "is_frozen",
            "carried_from",
            "mapping",
            "created_at",
            "criteria",
        )


class NewLevel(serializers.Serializer[LevelPreset]):
    key = serializers.SlugField(max_length=40)
    title = serializers.CharField(max_length=80)
    description = serializers.CharField(allow_blank=True, default="")
    examples = serializers.CharField(allow_blank=True, default="", help_text="Markdown.")
    hotkey = serializers.CharField(max_length=1, allow_blank=True, default="")
    score = serializers.FloatField(allow_null=True, default=None)
    needs_text = serializers.BooleanField(default=False, help_text="The answer needs its reason in words.")
    ends_trace = serializers.BooleanField(
        default=False, help_text="A way out of the whole trace: open steps are no longer wanted."
    )
    is_fatal = serializers.BooleanField(
        default=False, help_text="The groups it is in get their lowest score."
    )


class NewCriterion(serializers.Serializer[CriterionPreset]):
    key = serializers.SlugField(max_length=60)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(allow_blank=True, default="")
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.STEP)
    kind = serializers.ChoiceField(choices=CriterionKind.choices, default=CriterionKind.VERDICT)
    is_asked = serializers.BooleanField(default=True, help_text="false: put to machines alone.")
    is_optional = serializers.BooleanField(default=False)
    weight = serializers.FloatField(default=1.0, min_value=0)
    group = serializers.CharField(
        source="parent",
        allow_blank=True,
        allow_null=True,
        default="",
        help_text="The key of a group before it.",
    )
    stops_at_first_error = serializers.BooleanField(default=False)
    fills_before_error = serializers.BooleanField(default=False)
    step_kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=StepKind.choices),
        default=list,
        help_text="Ask about steps of these kinds alone.",
    )
    candidate_kind = serializers.ChoiceField(
        choices=CandidateKind.choices,
        allow_blank=True,
        default="",
        help_text="For criteria about candidates.",
    )
    severities = serializers.ListField(child=serializers.CharField(), default=list)
    condition = serializers.CharField(
        allow_blank=True,
        allow_null=True,
        default="",
        help_text="The key of the criterion before it on which it depends.",
    )
    condition_levels = serializers.ListField(child=serializers.CharField(), default=list)
    levels = NewLevel(many=True, default=list)


class NewRubric(serializers.Serializer[Rubric]):
    """The next version of the rubric of that name; or ``preset`` alone, a rubric of the gallery."""

    preset = serializers.ChoiceField(choices=tuple(GALLERY), required=False)
    name = serializers.CharField(max_length=120, required=False)
    guidelines = serializers.CharField(
        allow_blank=True, default="", trim_whitespace=False, help_text="Markdown."
    )
    criteria = NewCriterion(many=True, allow_empty=False, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "preset" in attrs:
            return attrs
        for name in ("name", "criteria"):
            if name not in attrs:
                raise serializers.ValidationError({name: "This field is required, or a preset."})
        return attrs

    def presets(self) -> list[CriterionPreset]:
        return presets_of(self.validated_data["criteria"])


class RewrittenRubric(serializers.Serializer[Rubric]):
    """What a draft asks from now on; guidelines left out stay as they are."""

    guidelines = serializers.CharField(
        allow_blank=True, allow_null=True, default=None, trim_whitespace=False, help_text="Markdown."
    )
    criteria = NewCriterion(many=True, allow_empty=False)


def presets_of(criteria: list[dict[str, Any]]) -> list[CriterionPreset]:
    return [
        CriterionPreset(
            **{
                **criterion,
                "parent": criterion["parent"] or "",
                "condition": criterion["condition"] or "",
                "scope": Scope(criterion["scope"]),
                "kind": CriterionKind(criterion["kind"]),
                "step_kinds": [StepKind(kind) for kind in criterion["step_kinds"]],
                "levels": [LevelPreset(**level) for level in criterion["levels"]],
            }
        )
        for criterion in criteria
    ]


class PresetSerializer(serializers.Serializer[RubricPreset]):
    """A rubric of the gallery."""

    key = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    guidelines = serializers.CharField()
    criteria = NewCriterion(many=True)


class Carrying(serializers.Serializer[Any]):
    """What each question and level of the rubric in use becomes; what is left out goes to the same key, if any."""

    mapping = serializers.JSONField(
        default=dict,
        help_text='{"verdict": {"to": "judgement", "levels": {"good": "right", "unsure": null}}}; null: set aside.',
    )
    is_dry_run = serializers.BooleanField(default=False, help_text="Count, and do nothing.")


class CarriedAnswerSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(allow_blank=True)
    n = serializers.IntegerField()
    to = serializers.CharField(allow_null=True, allow_blank=True)


class CarriedQuestionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    to = serializers.CharField(allow_null=True)
    n_carried = serializers.IntegerField()
    n_aside = serializers.IntegerField()
    answers = CarriedAnswerSerializer(many=True)


class UnfinishedSerializer(serializers.Serializer[Any]):
    assignment = serializers.IntegerField()
    trace = serializers.CharField()
    reader = serializers.CharField()
    missing = serializers.CharField()


class CarriageSerializer(serializers.Serializer[Any]):
    """What carrying labels over comes to. ``incomplete``: submitted readings that go back into the queue."""

    n_carried = serializers.IntegerField()
    n_aside = serializers.IntegerField()
    n_complete = serializers.IntegerField()
    questions = CarriedQuestionSerializer(many=True)
    incomplete = UnfinishedSerializer(many=True)
