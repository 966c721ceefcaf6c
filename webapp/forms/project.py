from __future__ import annotations

from django import forms

from annotate.enums import Role
from annotate.ingest.presets import GALLERY, USUAL


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=200)
    slug = forms.SlugField(
        max_length=80,
        required=False,
        label="Short name",
        help_text="For addresses. Made from the name when empty.",
    )
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    overlap = forms.IntegerField(
        min_value=1,
        max_value=20,
        initial=1,
        label="People per trace",
        help_text="Two or more let you measure agreement.",
    )
    preset = forms.ChoiceField(
        choices=[(preset.key, preset.title) for preset in GALLERY.values()],
        initial=USUAL,
        required=False,
    )

    def clean_preset(self) -> str:
        return self.cleaned_data["preset"] or USUAL


class MemberForm(forms.Form):
    username = forms.CharField(max_length=150, label="User name")
    role = forms.ChoiceField(
        choices=[choice for choice in Role.choices if choice[0] != Role.OWNER], initial=Role.ANNOTATOR
    )
