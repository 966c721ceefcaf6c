"""What reviewers see and send about pairs and lineups, and managers about their known answers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.enums import USES_OF_COMPARED, AssignmentState, Purpose
from annotate.label.compared_review import ComparedReview, comparisons_of
from annotate.label.review_queue import Show

from .review import MatterSerializer

_VALUE = "The key of a level; an order of a lineup as letters, best first: b>a=c."


class PairWaitingSerializer(serializers.Serializer[Any]):
    """A pair on which people differ."""

    pair = serializers.IntegerField(source="pk")
    n_disputed = serializers.IntegerField(help_text="Questions on which people differ.")
    n_open = serializers.IntegerField(help_text="Those that nobody has decided.")


class LineupWaitingSerializer(serializers.Serializer[Any]):
    """A lineup on which people differ."""

    lineup = serializers.IntegerField(source="pk")
    n_disputed = serializers.IntegerField(help_text="Questions on which people differ.")
    n_open = serializers.IntegerField(help_text="Those that nobody has decided.")


class ComparedQueueFilters(serializers.Serializer[Any]):
    show = serializers.ChoiceField(choices=[one.value for one in Show], default=Show.OPEN)


class MadeComparison(serializers.Serializer[Any]):
    """What somebody made of it, to be sent back; ``state`` is submitted, or returned while they have it back."""

    comparison = serializers.IntegerField()
    state = serializers.ChoiceField(choices=AssignmentState.choices)
    who = serializers.CharField()


class ReturnComparison(serializers.Serializer[Any]):
    comparison = serializers.IntegerField(help_text="The comparison's id, as in the review.")
    reason = serializers.CharField(help_text="What should be looked at again; its maker reads it.")


class PairReviewSerializer(serializers.Serializer[Any]):
    """A pair under review. ``seen`` goes with a decision, so that a later one is not overwritten unseen."""

    pair = serializers.IntegerField(source="thing.pk")
    n_disputed = serializers.IntegerField()
    n_open = serializers.IntegerField()
    seen = serializers.IntegerField()
    matters = MatterSerializer(many=True)
    made = serializers.SerializerMethodField()

    @extend_schema_field(MadeComparison(many=True))
    def get_made(self, review: ComparedReview) -> list[dict[str, Any]]:
        made = comparisons_of(review)
        return [{"comparison": one.pk, "state": one.state, "who": who} for one, who in made]


class LineupReviewSerializer(serializers.Serializer[Any]):
    """A lineup under review. ``seen`` goes with a decision, so that a later one is not overwritten unseen."""

    lineup = serializers.IntegerField(source="thing.pk")
    n_disputed = serializers.IntegerField()
    n_open = serializers.IntegerField()
    seen = serializers.IntegerField()
    matters = MatterSerializer(many=True)
    made = serializers.SerializerMethodField()

    @extend_schema_field(MadeComparison(many=True))
    def get_made(self, review: ComparedReview) -> list[dict[str, Any]]:
        made = comparisons_of(review)
        return [{"comparison": one.pk, "state": one.state, "who": who} for one, who in made]


class DecidedQuestion(serializers.Serializer[Any]):
    criterion = serializers.CharField(help_text="The criterion's key.")
    seen = serializers.IntegerField(
        min_value=0,
        allow_null=True,
        default=None,
        help_text="Refuse if a later decision stands; null: do not.",
    )


class NewComparedDecision(DecidedQuestion):
    value = serializers.CharField(help_text=_VALUE)
    text = serializers.CharField(
        allow_blank=True, default="", help_text="The reason; needed where nobody says the same."
    )
    seconds = serializers.FloatField(allow_null=True, default=None, min_value=0)


class KnownAnswer(serializers.Serializer[Any]):
    criterion = serializers.CharField(help_text="The criterion's key.")
    value = serializers.CharField(help_text=_VALUE)


class NewKey(serializers.Serializer[Any]):
    """Without ``answers`` what is known stays as it is, and only the use changes."""

    answers = KnownAnswer(many=True, required=False, default=list)
    source: Any = serializers.CharField(
        allow_blank=True, default="", help_text="Where it is known from; needed with answers."
    )
    use = serializers.ChoiceField(
        choices=[one.value for one in USES_OF_COMPARED],
        default=Purpose.GOLD.value,
        help_text="gold: given in between and measured; work: asked like any other; withdrawn: asked no more.",
    )
