from __future__ import annotations

from django import forms


class SkipForm(forms.Form):
    """Leaving a trace to somebody else; the note tells the managers why."""

    token = forms.IntegerField(min_value=0)
    note = forms.CharField(required=False, max_length=2000)
