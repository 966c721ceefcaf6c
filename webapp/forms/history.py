from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from annotate.label.history import Who


class LookForm(forms.Form):
    """Which lines of a trace's history to look at. What is unknown is as if it were not said: these are links."""

    step = forms.IntegerField(min_value=1, required=False, label=gettext_lazy("Step"))
    who = forms.ChoiceField(
        choices=[
            ("", gettext_lazy("Everybody")),
            (Who.PEOPLE, gettext_lazy("People")),
            (Who.REVIEWERS, gettext_lazy("Reviewers")),
            (Who.MACHINES, gettext_lazy("Machines")),
        ],
        required=False,
        label=gettext_lazy("Who"),
    )

    @property
    def chosen_position(self) -> int | None:
        self.is_valid()
        step = self.cleaned_data.get("step")
        return None if step is None else step - 1

    @property
    def chosen_who(self) -> Who | None:
        self.is_valid()
        who = self.cleaned_data.get("who")
        return Who(who) if who else None
