"""Steps split and merged, and reports about their boundaries."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import CutFault, RecutKind
from annotate.label.cut_reports import LONGEST_WORDS
from annotate.label.recutting import LONGEST_REASON
from annotate.models import CutReport, Recut


class RecutSerializer(serializers.ModelSerializer[Recut]):
    """One boundary version and how it came from the one before. ``took`` and ``made`` are ids of steps."""

    person = serializers.CharField(source="person.username", allow_null=True, default=None)

    class Meta:
        model = Recut
        fields = (
            "id",
            "version",
            "kind",
            "position",
            "at",
            "took",
            "made",
            "counts",
            "reason",
            "person",
            "undoes",
            "created_at",
        )


class NewRecut(serializers.Serializer[Any]):
    """What is to be done, and the boundary version of the trace that was looked at."""

    kind = serializers.ChoiceField(choices=RecutKind.choices)
    step = serializers.IntegerField(
        min_value=0, help_text="A position from 0; a merge is with the next step."
    )
    at = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="A split: the character of the step, from 0, with which the second part begins.",
    )
    version = serializers.IntegerField(min_value=1, help_text="The trace's boundary_version.")
    reason = serializers.CharField(allow_blank=True, default="", max_length=LONGEST_REASON)
    report = serializers.IntegerField(
        allow_null=True, default=None, help_text="The id of a report that is answered with it."
    )
    is_dry_run = serializers.BooleanField(default=False, help_text="Count, and change nothing.")


class ReasonCount(serializers.Serializer[Any]):
    why = serializers.CharField()
    n = serializers.IntegerField()


class EffectLine(serializers.Serializer[Any]):
    rater_kind = serializers.CharField()
    criterion = serializers.CharField(help_text="The question's title.")
    n_carried = serializers.IntegerField()
    n_aside = serializers.IntegerField()
    reasons = serializers.SerializerMethodField()

    def get_reasons(self, line: Any) -> list[dict[str, Any]]:
        return [{"why": why, "n": n} for why, n in line.reasons]


class EffectSerializer(serializers.Serializer[Any]):
    """What a split or merge comes to, done or only tried; ``act`` is null where it was only tried."""

    kind = serializers.ChoiceField(choices=RecutKind.choices)
    lines = EffectLine(many=True)
    n_carried = serializers.IntegerField()
    n_aside = serializers.IntegerField()
    n_returned = serializers.IntegerField(help_text="Readings that go back to their readers.")
    n_held = serializers.IntegerField(help_text="Readings that are being made just now.")
    n_units = serializers.IntegerField(help_text="Machines' looks at the trace that start over.")
    n_candidates = serializers.IntegerField()
    n_pairs = serializers.IntegerField()
    is_undoing = serializers.BooleanField()
    parts = serializers.ListField(child=serializers.CharField(), help_text="The texts of the new steps.")
    act = RecutSerializer(allow_null=True)


class CutReportSerializer(serializers.ModelSerializer[CutReport]):
    """``position`` and ``version`` are of when it was reported; ``step`` is null for one that is gone."""

    step = serializers.SerializerMethodField(help_text="Where the step is now.")
    answer = serializers.CharField(
        allow_blank=True, help_text="split, merge or left; empty while it is open."
    )

    class Meta:
        model = CutReport
        fields = (
            "id",
            "trace",
            "step",
            "position",
            "version",
            "fault",
            "text",
            "created_at",
            "answer",
            "answer_text",
            "answered_at",
            "recut",
        )

    def get_step(self, report: CutReport) -> int | None:
        return None if report.step.retired_in else report.step.position


class NewReport(serializers.Serializer[Any]):
    step = serializers.IntegerField(min_value=0, help_text="A position from 0.")
    fault = serializers.ChoiceField(choices=CutFault.choices)
    text = serializers.CharField(allow_blank=True, default="", max_length=LONGEST_WORDS)
    version = serializers.IntegerField(
        min_value=1, allow_null=True, default=None, help_text="The boundary version that was read."
    )


class LeaveReport(serializers.Serializer[Any]):
    text = serializers.CharField(allow_blank=True, default="", max_length=LONGEST_WORDS)


class ReportFilters(serializers.Serializer[Any]):
    is_open = serializers.BooleanField(required=False, default=True)
