from __future__ import annotations

from django import forms

from annotate.export.registry import FORMATS


class FormatForm(forms.Form):
    format = forms.ChoiceField(choices=[(name, layout.title) for name, layout in FORMATS.items()])
