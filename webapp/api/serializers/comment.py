from __future__ import annotations

from typing import Any

from rest_framework import serializers


class EarlierWords(serializers.Serializer[Any]):
    text = serializers.CharField()
    until = serializers.DateTimeField()


class CommentSerializer(serializers.Serializer[Any]):
    """A comment as the asker may see it: names and earlier words follow the rules of docs/review.md."""

    id = serializers.IntegerField(source="comment.pk")
    trace = serializers.IntegerField(source="comment.trace_id")
    step = serializers.IntegerField(source="comment.step.position", allow_null=True, default=None)
    who = serializers.CharField()
    to = serializers.CharField()
    text = serializers.CharField(source="comment.text")
    earlier = EarlierWords(many=True)
    asks_reviewers = serializers.BooleanField(source="comment.asks_reviewers")
    returns_reading = serializers.IntegerField(
        source="comment.returns_id", allow_null=True, help_text="The reading that was sent back with it."
    )
    created_at = serializers.DateTimeField(source="comment.created_at")
    resolved_at = serializers.DateTimeField(source="comment.resolved_at", allow_null=True)


class Words(serializers.Serializer[Any]):
    text = serializers.CharField(trim_whitespace=False, allow_blank=True)


class Question(Words):
    step = serializers.IntegerField(
        min_value=0, allow_null=True, default=None, help_text="A position from 0; null: the whole trace."
    )
    asks_reviewers = serializers.BooleanField(default=True)


class NewComment(Words):
    step = serializers.IntegerField(
        min_value=0, allow_null=True, default=None, help_text="A position from 0; null: the whole trace."
    )
    to = serializers.IntegerField(
        allow_null=True,
        default=None,
        help_text="The reading whose reader is addressed; null: reviewers alone.",
    )
    asks_reviewers = serializers.BooleanField(default=False)


class OpenQuestion(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    trace = serializers.IntegerField(source="trace_id")
    step = serializers.IntegerField(source="step.position", allow_null=True, default=None)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
