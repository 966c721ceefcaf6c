from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotate.errors import Rejected
from annotate.label.shortcuts import SHORTCUTS, check_keys, keys_of
from annotate.models import Person

KEY = "key_"


@cache
def time_zones() -> list[str]:
    """Every zone this machine knows that is named after a place."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


def _zone_choices() -> list[tuple[str, str]]:
    here = gettext("As the server (%(zone)s)") % {"zone": timezone.get_default_timezone_name()}
    return [("", here), *((name, name.replace("_", " ")) for name in time_zones())]


class TimeZoneForm(forms.Form):
    """A zone by name, as a browser says it; it may know one that goes by another name here."""

    time_zone = forms.ChoiceField(choices=_zone_choices, required=False)


class PreferencesForm(forms.ModelForm):
    """A person's own settings, with a field for the key of each shortcut."""

    language = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As the browser asks")), *settings.LANGUAGES],
    )

    class Meta:
        model = Person
        fields = (
            "first_name",
            "last_name",
            "language",
            "theme",
            "contrast",
            "density",
            "time_zone",
            "shows_streak",
            "has_shortcuts",
        )
        labels = {
            "theme": gettext_lazy("Colours"),
            "contrast": gettext_lazy("Contrast"),
            "density": gettext_lazy("Density"),
            "time_zone": gettext_lazy("Time zone"),
            "shows_streak": gettext_lazy("Days in a row on my own page"),
            "has_shortcuts": gettext_lazy("Single-key shortcuts on the labelling page"),
        }
        help_texts = {
            "density": gettext_lazy(
                "Compact brings more of a trace onto one screen: smaller text, less space."
            ),
            "time_zone": gettext_lazy("When your day begins, and by which clock you are shown times."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(
            label=self.fields["time_zone"].label,
            help_text=self.fields["time_zone"].help_text,
            choices=_zone_choices,
            required=False,
        )
        # A form that leaves them out leaves them as they are.
        self.fields["contrast"].required = self.fields["density"].required = False
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
