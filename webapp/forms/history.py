from __future__ import annotations

from django import forms

from annotate.label.history import Who


class LookForm(forms.Form):
    """Which lines of a trace's history to look at. What is unknown is as if it were not said: these are links."""

    step = forms.IntegerField(min_value=1, required=False, label="Step")
    who = forms.ChoiceField(
        choices=[
            ("", "Everybody"),
            (Who.PEOPLE, "People"),
            (Who.REVIEWERS, "Reviewers"),
            (Who.MACHINES, "Machines"),
        ],
        required=False,
        label="Who",
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
