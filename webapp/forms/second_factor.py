from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from webapp.asked_again import AgainForm

MOST = 40


def _code(label: Any, **attrs: str) -> forms.CharField:
    given = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"} | attrs
    return forms.CharField(max_length=MOST, label=label, widget=forms.TextInput(attrs=given))


class CodeForm(forms.Form):
    """Half-way in: a code of the app, or a recovery code."""

    code = _code(gettext_lazy("Code"), autofocus="")


class EnrolForm(AgainForm):
    """A code shows that the app has the secret; the password, that it is its owner's."""

    code = _code(gettext_lazy("The six digits that the app shows"))
    field_order = ("code", "password")
