from __future__ import annotations

from django import forms

from annotate.models import Person


class PreferencesForm(forms.ModelForm):
    class Meta:
        model = Person
        fields = ("first_name", "last_name", "theme", "has_shortcuts")
        labels = {"theme": "Colours", "has_shortcuts": "Single-key shortcuts on the labelling page"}
