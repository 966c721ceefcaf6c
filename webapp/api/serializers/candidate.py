from __future__ import annotations

from rest_framework import serializers

from annotate.enums import CandidateKind
from annotate.ingest.candidates import Added
from annotate.ingest.drafts import CandidateDraft
from annotate.models import Candidate


class CandidateSerializer(serializers.ModelSerializer[Candidate]):
    """A text about a step, to be rated. ``position`` counts those of its kind at the step."""

    step = serializers.IntegerField(source="step.position", read_only=True)
    rater = serializers.CharField(source="rater.name", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Candidate
        fields = ("id", "step", "kind", "position", "text", "rater", "source_model", "meta", "created_at")


class NewCandidate(serializers.Serializer[CandidateDraft]):
    step = serializers.IntegerField(min_value=0, help_text="A position from 0.")
    kind = serializers.ChoiceField(choices=CandidateKind.choices)
    text = serializers.CharField(trim_whitespace=False)
    rater = serializers.CharField(
        allow_blank=True, default="", help_text="The name of the project's rater it comes from."
    )
    source_model = serializers.CharField(allow_blank=True, default="", max_length=200)
    meta = serializers.DictField(default=dict)


class NewCandidates(serializers.Serializer[CandidateDraft]):
    candidates = NewCandidate(many=True, allow_empty=False)

    def drafts(self) -> list[CandidateDraft]:
        return [
            CandidateDraft(
                position=one["step"], **{key: value for key, value in one.items() if key != "step"}
            )
            for one in self.validated_data["candidates"]
        ]


class AddedSerializer(serializers.Serializer[Added]):
    """The same text about the same step is once."""

    created = serializers.IntegerField()
    unchanged = serializers.IntegerField()
