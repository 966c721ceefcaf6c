from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import CriterionKind, Scope
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.models import Criterion, Level, Rubric


class LevelSerializer(serializers.ModelSerializer[Level]):
    class Meta:
        model = Level
        fields = ("key", "title", "description", "hotkey", "score")


class CriterionSerializer(serializers.ModelSerializer[Criterion]):
    levels = LevelSerializer(many=True, read_only=True)

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
            "is_asked",
            "stops_at_first_error",
            "levels",
        )


class RubricSerializer(serializers.ModelSerializer[Rubric]):
    criteria = CriterionSerializer(many=True, read_only=True)

    class Meta:
        model = Rubric
        fields = ("id", "name", "version", "guidelines", "is_frozen", "created_at", "criteria")


class NewLevel(serializers.Serializer[LevelPreset]):
    key = serializers.SlugField(max_length=40)
    title = serializers.CharField(max_length=80)
    description = serializers.CharField(allow_blank=True, default="")
    hotkey = serializers.CharField(max_length=1, allow_blank=True, default="")
    score = serializers.FloatField(allow_null=True, default=None)


class NewCriterion(serializers.Serializer[CriterionPreset]):
    key = serializers.SlugField(max_length=60)
    title = serializers.CharField(max_length=120)
    description = serializers.CharField(allow_blank=True, default="")
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.STEP)
    kind = serializers.ChoiceField(choices=CriterionKind.choices, default=CriterionKind.VERDICT)
    is_asked = serializers.BooleanField(default=True)
    levels = NewLevel(many=True)


class NewRubric(serializers.Serializer[Rubric]):
    """The next version of the rubric of that name."""

    name = serializers.CharField(max_length=120)
    criteria = NewCriterion(many=True, allow_empty=False)

    def validate_criteria(self, criteria: list[dict[str, Any]]) -> list[dict[str, Any]]:
        _refuse_repeats(criterion["key"] for criterion in criteria)
        for criterion in criteria:
            _refuse_repeats(level["key"] for level in criterion["levels"])
            _refuse_repeats(level["hotkey"] for level in criterion["levels"] if level["hotkey"])
        return criteria

    def presets(self) -> list[CriterionPreset]:
        return [
            CriterionPreset(
                **{
                    **criterion,
                    "scope": Scope(criterion["scope"]),
                    "kind": CriterionKind(criterion["kind"]),
                    "levels": [LevelPreset(**level) for level in criterion["levels"]],
                }
            )
            for criterion in self.validated_data["criteria"]
        ]


def _refuse_repeats(words: Any) -> None:
    seen: set[str] = set()
    for word in words:
        if word in seen:
            raise serializers.ValidationError(f"{word} is there twice.")
        seen.add(word)
