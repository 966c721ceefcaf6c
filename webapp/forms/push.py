from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy


class PushForm(forms.Form):
    """Where a release is to go on the Hub. Private unless the tick is taken away."""

    repository = forms.CharField(
        label=gettext_lazy("Data set"),
        max_length=200,
        widget=forms.TextInput(
            attrs={"placeholder": "owner/name", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text=gettext_lazy("It is made where there is none yet."),
    )
    is_private = forms.BooleanField(
        label=gettext_lazy("Private: only its owner sees it"), required=False, initial=True
    )
    may_replace = forms.BooleanField(
        label=gettext_lazy("Write over what is there and did not come from this project"), required=False
    )
