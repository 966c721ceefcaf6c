from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.models import Push


class PushSerializer(serializers.ModelSerializer[Push]):
    """``files_done`` and ``bytes_done`` are what the Hub has; ``revision`` is the commit that holds it."""

    person: Any = serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)
    # Empty until there is a commit, which no URL is.
    commit_url = serializers.CharField(read_only=True)

    class Meta:
        model = Push
        fields = (
            "id",
            "release",
            "person",
            "repository",
            "is_private",
            "may_replace",
            "state",
            "files_total",
            "files_done",
            "bytes_total",
            "bytes_done",
            "revision",
            "commit_url",
            "account",
            "token_name",
            "error",
            "waits_until",
            "created_at",
            "asked_at",
            "finished_at",
        )
        read_only_fields = fields


class NewPush(serializers.Serializer[Push]):
    repository = serializers.CharField(max_length=200, help_text="OWNER/NAME on the Hub.")
    is_private = serializers.BooleanField(default=True)
    may_replace = serializers.BooleanField(
        default=False, help_text="Write over what is there and did not come from this project."
    )


class AnotherTry(serializers.Serializer[Push]):
    may_replace = serializers.BooleanField(required=False)
