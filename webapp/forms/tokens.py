from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from annotate.enums import TokenScope
from annotate.models import Project
from annotate.tokens import MOST_DAYS


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, label=gettext_lazy("What it is for"))
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=TokenScope.choices,
        initial=[TokenScope.READ],
        widget=forms.CheckboxSelectMultiple,
    )
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        to_field_name="slug",
        required=False,
        label=gettext_lazy("In which project"),
        empty_label=gettext_lazy("All of yours"),
    )
    days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=90, label=gettext_lazy("Valid for days")
    )

    def __init__(self, projects: QuerySet[Project], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["project"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = projects
