"""What reviewers see and send: the queue, a trace with everybody's answers side by side, decisions, sendings back."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import AssignmentState, RaterKind
from annotate.label.review_queue import Order, Show
from annotate.models import Assignment

from .fields import KnownOrNull

_STEP: dict[str, Any] = {
    "min_value": 0,
    "allow_null": True,
    "default": None,
    "help_text": "A position from 0; null: the whole trace.",
}


class WaitingSerializer(serializers.Serializer[Any]):
    """A trace on which submitted readings differ."""

    trace = serializers.IntegerField(source="trace_id")
    n_disputed = serializers.IntegerField(help_text="Places at which people differ.")
    n_open = serializers.IntegerField(help_text="Those that nobody has decided.")
    n_asked = serializers.IntegerField(help_text="Steps the newest consensus asks people about.")


class QueueFilters(serializers.Serializer[Any]):
    order = serializers.ChoiceField(choices=[one.value for one in Order], default=Order.DISAGREEMENT)
    show = serializers.ChoiceField(choices=[one.value for one in Show], default=Show.OPEN)
    criterion = serializers.CharField(required=False, help_text="The criterion's key.")


class NamesHidden(serializers.Serializer[Any]):
    hides_readers = serializers.BooleanField(
        help_text="Whether reviewers see Reader A, B, C until a step is decided."
    )


class HeardSerializer(serializers.Serializer[Any]):
    """``reading`` is what to send back or to address; null for readings that came with a file."""

    who = serializers.CharField()
    reading = serializers.IntegerField(source="label.assignment_id", allow_null=True)
    label_id = serializers.IntegerField(source="label.pk")
    value = KnownOrNull(source="label.value")
    text = serializers.CharField(source="label.text")
    seconds = serializers.FloatField(source="label.seconds", allow_null=True)


class MatterSerializer(serializers.Serializer[Any]):
    """A question at a place. ``has_changed``: people have said something else since it was decided."""

    criterion = serializers.CharField(source="criterion.key")
    step = serializers.IntegerField(source="position", allow_null=True)
    candidate = serializers.IntegerField(
        source="candidate.pk",
        allow_null=True,
        default=None,
        help_text="The text given for a step that the question is about; step is null then.",
    )
    heard = HeardSerializer(many=True)
    is_disputed = serializers.BooleanField()
    is_open = serializers.BooleanField()
    has_changed = serializers.BooleanField()
    decision = serializers.IntegerField(
        source="decision.pk", allow_null=True, default=None, help_text="The id of the label."
    )
    decided = KnownOrNull(source="decision.value", default=None)


class ReviewSerializer(serializers.Serializer[Any]):
    """A trace under review. ``seen`` goes with a decision, so that a later one is not overwritten unseen."""

    trace = serializers.IntegerField(source="trace.pk")
    n_disputed = serializers.IntegerField()
    n_open = serializers.IntegerField()
    seen = serializers.IntegerField()
    matters = MatterSerializer(many=True)


class DecidedPlace(serializers.Serializer[Any]):
    criterion = serializers.CharField(help_text="The criterion's key.")
    step = serializers.IntegerField(**_STEP)
    candidate = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="The text given for a step that is decided about; then without step.",
    )
    seen = serializers.IntegerField(
        min_value=0,
        allow_null=True,
        default=None,
        help_text="Refuse if a later decision stands; null: do not.",
    )


class NewDecision(DecidedPlace):
    value = serializers.CharField(help_text="The key of a level.")
    text = serializers.CharField(
        allow_blank=True, default="", help_text="The reason; needed where no reading says the same."
    )
    seconds = serializers.FloatField(allow_null=True, default=None, min_value=0)


class AboutStep(serializers.Serializer[Any]):
    step = serializers.IntegerField(**_STEP)
    text = serializers.CharField(trim_whitespace=False, allow_blank=True)


class SendBack(serializers.Serializer[Any]):
    reading = serializers.IntegerField(help_text="The reading's id, as in the review.")
    comments = AboutStep(many=True, help_text="At least one; all are shown to the reader.")


class SentBackSerializer(serializers.ModelSerializer[Assignment]):
    """A reading of somebody's, without who it is."""

    state = serializers.ChoiceField(choices=AssignmentState.choices)

    class Meta:
        model = Assignment
        fields = ("id", "state")


class ChangeSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    step = serializers.IntegerField(source="position", allow_null=True)
    before = KnownOrNull()
    after = KnownOrNull()


class ReturnedSerializer(serializers.Serializer[Any]):
    """One sending back, where the reading is now, and what has changed since."""

    reading = serializers.IntegerField(source="assignment.pk")
    sent_at = serializers.DateTimeField()
    stands = serializers.CharField()
    is_back = serializers.BooleanField()
    changes = ChangeSerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    """A line of a history; ``state`` says what became of it and is empty where it stands and counts."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    kind = serializers.ChoiceField(choices=RaterKind.choices)
    what = serializers.CharField()
    trace = serializers.IntegerField(
        source="trace.pk", allow_null=True, default=None, help_text="null: about a pair or a lineup."
    )
    comparison = serializers.IntegerField(
        allow_null=True, help_text="In which a pair or a lineup was compared."
    )
    step = serializers.IntegerField(source="position", allow_null=True)
    criterion = KnownOrNull()
    value = KnownOrNull()
    text = serializers.CharField()
    seconds = serializers.FloatField(allow_null=True)
    label_id = serializers.IntegerField(source="label", allow_null=True)
    superseded_by = serializers.IntegerField(allow_null=True)
    state = serializers.CharField()


class HistoryFilters(serializers.Serializer[Any]):
    step = serializers.IntegerField(required=False, min_value=0, help_text="A position from 0.")
    who = serializers.ChoiceField(required=False, choices=["people", "reviewers", "machines"])
