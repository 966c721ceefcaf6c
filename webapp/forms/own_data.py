from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.models import Person


class ForgetForm(forms.Form):
    """Name and password once more: nobody's account is closed by a click, or by whoever finds a screen unlocked."""

    username = forms.CharField(
        label=gettext_lazy("Your user name"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        is_them = given.get("username") == self._person.username
        if not is_them or not self._person.check_password(given.get("password", "")):
            raise forms.ValidationError(
                gettext("The name or the password is not right, and nothing was done.")
            )
        return given
