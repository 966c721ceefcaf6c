"""What reviewers see and send about pairs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.label.review_queue import Show

from .review import MatterSerializer


class PairWaitingSerializer(serializers.Serializer[Any]):
    """A pair on which people differ."""

    pair = serializers.IntegerField(source="pair_id")
    n_disputed = serializers.IntegerField(help_text="Questions on which people differ.")
    n_open = serializers.IntegerField(help_text="Those that nobody has decided.")


class PairQueueFilters(serializers.Serializer[Any]):
    show = serializers.ChoiceField(choices=[one.value for one in Show], default=Show.OPEN)


class PairReviewSerializer(serializers.Serializer[Any]):
    """A pair under review. ``seen`` goes with a decision, so that a later one is not overwritten unseen."""

    pair = serializers.IntegerField(source="pair.pk")
    n_disputed = serializers.IntegerField()
    n_open = serializers.IntegerField()
    seen = serializers.IntegerField()
    matters = MatterSerializer(many=True)


class DecidedQuestion(serializers.Serializer[Any]):
    criterion = serializers.CharField(help_text="The criterion's key.")
    seen = serializers.IntegerField(
        min_value=0,
        allow_null=True,
        default=None,
        help_text="Refuse if a later decision stands; null: do not.",
    )


class NewPairDecision(DecidedQuestion):
    value = serializers.CharField(help_text="The key of a level.")
    text = serializers.CharField(
        allow_blank=True, default="", help_text="The reason; needed where nobody says the same."
    )
    seconds = serializers.FloatField(allow_null=True, default=None, min_value=0)
