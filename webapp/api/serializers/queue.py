"""A queue as managers set it up and see it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.assign.manage.contracts import NOT_GRADED
from annotate.assign.ordering import TOP_PRIORITY
from annotate.assign.rules import MOST_READINGS
from annotate.enums import FillingStage, Outcome, Purpose, RunState
from annotate.models import Invitation
from webapp.api.serializers.fields import Settings
from webapp.api.serializers.project import GIVEN_ROLES

SOUGHT_OUTCOMES = [*Outcome.choices, (NOT_GRADED, "Not graded")]


class QueueSettings(serializers.Serializer[Any]):
    """What the queue goes by. A rule that is left out of ``rules`` goes back to its default."""

    overlap = serializers.IntegerField(min_value=1, max_value=MOST_READINGS)
    lease_minutes = serializers.IntegerField(min_value=1)
    rules = Settings(help_text="docs/queue.md names them.")


class Renewed(serializers.Serializer[Any]):
    """``is_done`` false: the project is big and a worker works it out; ``…/queue/filling/`` says how far it is."""

    changed = serializers.IntegerField()
    is_done = serializers.BooleanField()


class FillingSerializer(serializers.Serializer[Any]):
    """What of the queue is still being filled: rows done of all, slots made, seconds left at the pace so far."""

    state = serializers.ChoiceField(choices=RunState.choices)
    stage = serializers.ChoiceField(choices=FillingStage.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    n_slots = serializers.IntegerField()
    n_pairs = serializers.IntegerField(help_text="Made so far, while pairs and lineups are made.")
    n_lineups = serializers.IntegerField()
    n_comparisons = serializers.IntegerField(help_text="Asked for so far more than before.")
    eta_seconds = serializers.FloatField(allow_null=True)
    error = serializers.CharField()


class FillingNow(serializers.Serializer[Any]):
    """``filling`` null: the queue is as it was asked to be."""

    filling = FillingSerializer(allow_null=True)


class ActOnFilling(serializers.Serializer[Any]):
    do = serializers.ChoiceField(choices=("cancel", "resume"))


class Which(serializers.Serializer[Any]):
    """Traces by where they stand; what is left out asks nothing."""

    state = serializers.ChoiceField(choices=("unqueued", "unread", "under_way", "read"), required=False)
    use = serializers.ChoiceField(choices=Purpose.choices, required=False)
    outcome = serializers.ChoiceField(choices=SOUGHT_OUTCOMES, required=False)
    stratum = serializers.CharField(max_length=100, required=False)
    has_gold = serializers.ChoiceField(choices=("yes", "no"), required=False)
    least_disagreement = serializers.FloatField(min_value=0, max_value=1, required=False)
    search = serializers.CharField(max_length=200, required=False)


class What(serializers.Serializer[Any]):
    do = serializers.ChoiceField(choices=("add_slots", "use", "priority"))
    slots = serializers.IntegerField(min_value=1, max_value=MOST_READINGS, required=False)
    use = serializers.ChoiceField(choices=Purpose.choices, required=False)
    priority = serializers.IntegerField(min_value=-TOP_PRIORITY, max_value=TOP_PRIORITY, required=False)


class ChangeOfTraces(serializers.Serializer[Any]):
    """``count`` null asks how many traces match; with that number the change is made."""

    which = Which(required=False)
    what = What()
    count = serializers.IntegerField(allow_null=True, default=None, min_value=0)


class Changed(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    is_done = serializers.BooleanField()


class ActOnReader(serializers.Serializer[Any]):
    do = serializers.ChoiceField(
        choices=("pause", "resume", "take_back", "waive_exam", "reset_exam", "skills")
    )
    reason = serializers.CharField(default="", allow_blank=True, max_length=200, help_text="For a pause.")
    skills = serializers.ListField(child=serializers.CharField(), default=list)


class Acted(serializers.Serializer[Any]):
    detail = serializers.CharField()


class PaceSerializer(serializers.Serializer[Any]):
    """Readings of the last ``hours``; null where nothing was submitted in 7 days."""

    submitted = serializers.IntegerField()
    hours = serializers.FloatField()
    left = serializers.IntegerField()
    per_hour = serializers.FloatField()
    hours_left = serializers.FloatField(allow_null=True)


class HoldingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    trace = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class PersonSerializer(serializers.Serializer[Any]):
    rater = serializers.IntegerField(source="reader.rater_id")
    name = serializers.CharField()
    role = serializers.CharField()
    submitted = serializers.IntegerField(source="reader.n_submitted")
    skipped = serializers.IntegerField(source="reader.n_skipped")
    skills = serializers.ListField(child=serializers.CharField())
    seconds_per_step = serializers.FloatField(allow_null=True)
    gold_score = serializers.FloatField(allow_null=True)
    n_gold = serializers.IntegerField()
    paused_at = serializers.DateTimeField(source="reader.paused_at", allow_null=True)
    pause_reason = serializers.CharField(source="reader.pause_words")
    exam = serializers.CharField(source="reader.exam")
    exam_score = serializers.FloatField(source="reader.exam_score", allow_null=True)


class Counts(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    held = serializers.IntegerField()
    submitted = serializers.IntegerField()
    skipped = serializers.IntegerField()
    wanted = serializers.IntegerField()


class WhoseOverview(serializers.Serializer[Any]):
    after = serializers.CharField(default="", help_text="Only people whose names come after this one.")


class OverviewSerializer(serializers.Serializer[Any]):
    """``people`` with numbers over the last 20 readings of each in the last 30 days."""

    counts = Counts(source="overview.counts")
    pace = PaceSerializer(source="overview.pace")
    holdings = HoldingSerializer(source="overview.holdings", many=True)
    people = PersonSerializer(source="page.people", many=True)
    next_after = serializers.CharField(
        source="page.next_after",
        help_text="Ask with after= this for the next people; empty: these are the last.",
    )
    n_paused = serializers.IntegerField(source="overview.n_paused")
    n_gold_read = serializers.IntegerField(source="overview.n_gold_read")
    uses = serializers.DictField(source="overview.uses", child=serializers.IntegerField())


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """``link`` null: it is closed, and ``why_closed`` says why."""

    link = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = ("id", "role", "created_at", "expires_at", "uses_left", "n_used", "why_closed", "link")
        read_only_fields = fields

    def get_link(self, invitation: Invitation) -> str | None:
        make = self.context.get("link")
        return None if invitation.why_closed or make is None else str(make(invitation))


class NewInvitation(serializers.Serializer[Invitation]):
    role = serializers.ChoiceField(choices=GIVEN_ROLES)
    days = serializers.IntegerField(min_value=1, max_value=90, default=7)
    uses = serializers.IntegerField(min_value=1, max_value=1000, default=1, allow_null=True)
