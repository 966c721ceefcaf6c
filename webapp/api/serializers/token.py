from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import TokenScope
from annotate.models import MachineToken


class MachineTokenSerializer(serializers.ModelSerializer[MachineToken]):
    """``shown`` is how the token begins; all of it is said once, by what makes it."""

    project = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(TokenScope.choices))

    class Meta:
        model = MachineToken
        fields = (
            *("id", "name", "shown", "project", "scopes"),
            *("created_at", "expires_at", "revoked_at", "last_used_at"),
        )
        read_only_fields = fields


class NewToken(serializers.Serializer[Any]):
    """``project`` is a slug; without one the token is for every project of its person's."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(TokenScope.choices), allow_empty=False)
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)
    project = serializers.SlugField(max_length=80, required=False, default="", allow_blank=True)


class MadeToken(MachineTokenSerializer):
    """With the token itself, which is nowhere to be read again."""

    token = serializers.CharField(read_only=True)

    class Meta(MachineTokenSerializer.Meta):
        fields = (*MachineTokenSerializer.Meta.fields, "token")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]
