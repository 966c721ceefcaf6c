from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from annotate.errors import Rejected
from annotate.label.shortcuts import SHORTCUTS, check_keys, keys_of
from annotate.models import Person

KEY = "key_"


class PreferencesForm(forms.ModelForm):
    """A person's own settings, with a field for the key of each shortcut."""

    language = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As the browser asks")), *settings.LANGUAGES],
    )

    class Meta:
        model = Person
        fields = ("first_name", "last_name", "language", "theme", "has_shortcuts")
        labels = {
            "theme": gettext_lazy("Colours"),
            "has_shortcuts": gettext_lazy("Single-key shortcuts on the labelling page"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = keys_of(self.instance.keys)
        for shortcut in SHORTCUTS:
            self.fields[KEY + shortcut.name] = forms.CharField(
                label=gettext(shortcut.title),
                initial=chosen[shortcut.name],
                required=False,
                max_length=1,
                widget=forms.TextInput(attrs={"autocapitalize": "off", "autocomplete": "off", "size": 1}),
            )

    @property
    def plain_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.Meta.fields)

    @property
    def key_fields(self) -> Iterator[forms.BoundField]:
        return (self[KEY + shortcut.name] for shortcut in SHORTCUTS)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = {s.name: cleaned.get(KEY + s.name, "") for s in SHORTCUTS}
        try:
            self.instance.keys = check_keys(chosen)
        except Rejected as refusal:
            self.add_error(f"{KEY}{refusal.field}", refusal.reason)
        return cleaned
