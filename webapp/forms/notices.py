from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from annotate.enums import NoticeEvent, Role
from annotate.notices.events import SUBSCRIBED
from annotate.notices.listeners import MAILED_ROLES

EVENTS = [(event.value, NoticeEvent(event).label) for event in SUBSCRIBED]


class EventsForm(forms.Form):
    events = forms.MultipleChoiceField(
        label=gettext_lazy("When"), choices=EVENTS, widget=forms.CheckboxSelectMultiple
    )


class _ListenerForm(EventsForm):
    name = forms.CharField(
        max_length=100,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("By which you know it again."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Two of them stand on one page.
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}-%s")
        super().__init__(*args, **kwargs)


class WebhookForm(_ListenerForm):
    url = forms.CharField(
        max_length=500,
        label=gettext_lazy("Address"),
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "placeholder": "https://",
                "spellcheck": "false",
                "autocomplete": "off",
            }
        ),
    )
    field_order = ("name", "url", "events")


class MailForm(_ListenerForm):
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Members with the role"),
        choices=[(role.value, Role(role).label) for role in MAILED_ROLES],
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("name", "roles", "events")
