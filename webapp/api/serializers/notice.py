from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotate.enums import ListenerKind, NoticeEvent, Role
from annotate.models import Listener, Notice
from annotate.notices.addresses import shown
from annotate.notices.events import SUBSCRIBED, sentence_of
from annotate.notices.listeners import MAILED_ROLES

TOLD_EVENTS = [(event.value, NoticeEvent(event).label) for event in SUBSCRIBED]
TOLD_ROLES = [(role.value, Role(role).label) for role in MAILED_ROLES]


class ListenerSerializer(serializers.ModelSerializer[Listener]):
    """``shown_url`` says where a webhook leads; its whole address, which may hold a key, is not to be read again."""

    shown_url = serializers.SerializerMethodField()
    events = serializers.ListField(child=serializers.ChoiceField(TOLD_EVENTS))
    roles = serializers.ListField(child=serializers.ChoiceField(TOLD_ROLES))

    class Meta:
        model = Listener
        fields = ("id", "kind", "name", "shown_url", "roles", "events", "created_at")
        read_only_fields = fields

    def get_shown_url(self, listener: Listener) -> str:
        return shown(listener.url) if listener.url else ""


class SecretListener(ListenerSerializer):
    """With the secret of a webhook, which no other answer holds; empty for e-mail."""

    secret = serializers.CharField(read_only=True)

    class Meta(ListenerSerializer.Meta):
        fields = (*ListenerSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class NewListener(serializers.Serializer[Any]):
    """``url`` is of a ``webhook``, ``roles`` are of ``mail``."""

    kind = serializers.ChoiceField(ListenerKind.choices)
    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    roles = serializers.ListField(child=serializers.ChoiceField(TOLD_ROLES), required=False, default=list)
    events = serializers.ListField(child=serializers.ChoiceField(TOLD_EVENTS), allow_empty=False)


class ChangedListener(serializers.Serializer[Any]):
    events = serializers.ListField(child=serializers.ChoiceField(TOLD_EVENTS), allow_empty=False)


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """``status`` and ``answer`` are what was answered last; ``next_at`` is when a waiting one is tried again."""

    person: Any = serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)
    says = serializers.SerializerMethodField()

    class Meta:
        model = Notice
        fields = (
            *("id", "listener", "person", "message_id", "event", "facts", "says", "state", "attempts"),
            *("next_at", "status", "answer", "created_at", "finished_at"),
        )
        read_only_fields = fields

    def get_says(self, notice: Notice) -> str:
        return sentence_of(notice.event, notice.facts)
