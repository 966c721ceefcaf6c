from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.ingest.looking import FirstRows
from annotate.ingest.readers import AUTO
from annotate.models import Upload
from webapp.api.serializers.ingest import BadRowSerializer


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """``received`` of ``size`` bytes are here; ``report`` is what the last reading of the rows came to."""

    project: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    person: Any = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Upload
        fields = (
            "id",
            "project",
            "person",
            "name",
            "size",
            "sha256",
            "received",
            "state",
            "format",
            "options",
            "is_dry_run",
            "is_strict",
            "report",
            "error",
            "created_at",
            "asked_at",
            "finished_at",
        )
        read_only_fields = fields


class NewUpload(serializers.Serializer[Upload]):
    name = serializers.CharField(max_length=200, trim_whitespace=True)
    size = serializers.IntegerField(min_value=1, help_text="In bytes.")
    sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        help_text="Of the whole file, in hexadecimal. Held against what arrived before a row of it is read.",
    )


class Piece(serializers.Serializer[Upload]):
    offset = serializers.IntegerField(
        min_value=0, help_text="Where in the file the piece begins: the `received` of the last answer."
    )


class Reading(serializers.Serializer[Upload]):
    """How the file is to be read; docs/formats.md says what each format heeds."""

    format = serializers.CharField(default=AUTO, max_length=40)
    options = serializers.DictField(required=False, default=dict)
    is_dry_run = serializers.BooleanField(default=False, help_text="Do all the work and take it back.")
    is_strict = serializers.BooleanField(
        default=False, help_text="Write nothing when one row cannot be taken."
    )


class PreviewSerializer(serializers.Serializer[FirstRows]):
    """The first rows: traces as their texts, and what cannot be taken."""

    format = serializers.CharField()
    traces = serializers.SerializerMethodField()
    bad = BadRowSerializer(many=True)

    def get_traces(self, preview: FirstRows) -> list[dict[str, Any]]:
        both = [side for pair in preview.pairs for side in pair]
        return [
            {
                "line": one.line,
                "id": one.draft.external_id,
                "problem": one.draft.problem.text,
                "steps": [step.text for step in one.draft.steps],
            }
            for one in (*preview.traces, *both)
        ]
