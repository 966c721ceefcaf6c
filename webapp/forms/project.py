from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from annotate.enums import Role
from annotate.ingest.presets import GALLERY, USUAL
from webapp.languages import language_in


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=200, label=gettext_lazy("Name"))
    slug = forms.SlugField(
        max_length=80,
        required=False,
        label=gettext_lazy("Short name"),
        help_text=gettext_lazy("For addresses. Made from the name when empty."),
    )
    description = forms.CharField(
        required=False, label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": 3})
    )
    overlap = forms.IntegerField(
        min_value=1,
        max_value=20,
        initial=1,
        label=gettext_lazy("People per trace"),
        help_text=gettext_lazy("Two or more let you measure agreement."),
    )
    preset = forms.ChoiceField(
        choices=[(preset.key, preset.title) for preset in GALLERY.values()],
        initial=USUAL,
        required=False,
    )

    language = forms.CharField(required=False)

    def clean_language(self) -> str:
        return language_in(self.cleaned_data["language"])

    def clean_preset(self) -> str:
        return self.cleaned_data["preset"] or USUAL


class MemberForm(forms.Form):
    username = forms.CharField(max_length=150, label=gettext_lazy("User name"))
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[choice for choice in Role.choices if choice[0] != Role.OWNER],
        initial=Role.ANNOTATOR,
    )
