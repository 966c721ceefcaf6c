from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import RaterKind
from annotate.ingest.album import BadImages
from annotate.ingest.drafts import BadRow
from annotate.ingest.options import ReadOptions, pairs_of
from annotate.ingest.readers import AUTO, READERS
from annotate.ingest.report import IngestReport
from annotate.ingest.said_options import options_from
from annotate.ingest.splitting import SplitMode


class BadRowSerializer(serializers.Serializer[BadRow]):
    line = serializers.IntegerField()
    field = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class IngestReportSerializer(serializers.Serializer[IngestReport]):
    """Rows by what became of them, and the first of those that could not be taken."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    labels = serializers.IntegerField()
    left_out = serializers.IntegerField(
        help_text="Labels that answer a question which the rubric does not ask."
    )
    pairs = serializers.IntegerField(help_text="New pairs of traces.")
    lineups = serializers.IntegerField(help_text="New lineups of traces.")
    flaws = serializers.IntegerField(help_text="Images that were left out of rows that were taken.")
    left_out_images = BadRowSerializer(many=True, help_text="The first of these.")
    format = serializers.CharField(help_text="What the body was read as.")
    is_dry_run = serializers.BooleanField()
    is_written = serializers.BooleanField()
    errors = BadRowSerializer(many=True)  # type: ignore[assignment]  # DRF's own errors are not read here


class IngestOptions(serializers.Serializer[IngestReport]):
    is_dry_run = serializers.BooleanField(default=False, help_text="Do all the work and take it back.")
    is_strict = serializers.BooleanField(
        default=False, help_text="Write nothing when one row cannot be taken."
    )


_PAIRS = {"columns": "map", "values": "value"}
_WORDS = ("split", "split_tag", "rater", "rater_kind", "criterion", "counts_from", "problem", "bad_images")


class TraceIngestOptions(IngestOptions):
    """How the body is read: docs/formats.md has the formats, and what each of them heeds."""

    read_as = serializers.ChoiceField(
        [AUTO, *READERS], default="jsonl", help_text="The format; auto finds it out."
    )
    split = serializers.ChoiceField(
        [mode.value for mode in SplitMode], required=False, help_text="How texts are cut into steps."
    )
    split_tag = serializers.CharField(required=False, help_text="With split=tagged: the mark of a step.")
    map = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="FIELD=COLUMN, as often as needed."
    )
    value = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="VALUE=LEVEL, as often as needed."
    )
    rater = serializers.CharField(required=False, help_text="Whose the labels are.")
    rater_kind = serializers.ChoiceField(
        [kind.value for kind in RaterKind if kind != RaterKind.REVIEW], required=False
    )
    criterion = serializers.CharField(required=False, help_text="The question that the labels answer.")
    counts_from = serializers.ChoiceField([0, 1], required=False, help_text="The number of the first step.")
    problem = serializers.CharField(required=False, help_text="The problem of every solution in the body.")
    bad_images = serializers.ChoiceField(
        [one.value for one in BadImages],
        required=False,
        help_text="Whether an image that is no good costs its row (refuse, which is usual), or is left out (keep).",
    )

    def read_options(self) -> ReadOptions:
        """Raises Rejected for options that contradict each other."""
        said: dict[str, Any] = self.validated_data
        pairs = {name: pairs_of(said.get(given, []), given) for name, given in _PAIRS.items()}
        words = {name: said[name] for name in _WORDS if name in said}
        return options_from(words | pairs)
