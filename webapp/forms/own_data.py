from __future__ import annotations

from django import forms
from django.utils.translation import gettext, gettext_lazy

from webapp.asked_again import AgainForm


class ForgetForm(AgainForm):
    """Name and password once more: nobody's account is closed by a click, or by whoever finds a screen unlocked."""

    username = forms.CharField(
        label=gettext_lazy("Your user name"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    field_order = ("username", "password")

    def clean_username(self) -> str:
        given = str(self.cleaned_data["username"])
        if given != self.person.username:
            raise forms.ValidationError(gettext("This is not your user name, and nothing was done."))
        return given
