"""Splitting and merging steps, and what readers report about their boundaries."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from annotate.enums import CutFault, RecutKind
from annotate.ingest.boundaries import place_before
from annotate.label.cut_reports import LONGEST_WORDS
from annotate.label.recutting import LONGEST_REASON, Cut
from annotate.models import Trace


class ReportForm(forms.Form):
    """What a reader says is wrong. ``boundary`` is how the trace was cut on their page."""

    step = forms.IntegerField(min_value=1, label=gettext_lazy("Step"))
    fault = forms.ChoiceField(
        choices=CutFault.choices, widget=forms.RadioSelect, label=gettext_lazy("What is wrong")
    )
    text = forms.CharField(
        required=False,
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("In words"),
        help_text=gettext_lazy("Needed only for something else."),
    )
    boundary = forms.IntegerField(min_value=1, required=False, widget=forms.HiddenInput)


class CutForm(forms.Form):
    """A split or a merge to be looked at, or done. A place is one of those offered, a number, or words."""

    do = forms.ChoiceField(choices=RecutKind.choices)
    step = forms.IntegerField(min_value=0)
    version = forms.IntegerField(min_value=1)
    place = forms.IntegerField(min_value=1, required=False)
    words = forms.CharField(required=False, strip=False)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)
    report = forms.IntegerField(min_value=0, required=False)

    def cut(self, trace: Trace) -> Cut:
        """What is meant; raises Rejected for words that name no place."""
        given = self.cleaned_data
        at = None
        if given["do"] == RecutKind.SPLIT:
            at = given["place"]
            if given["words"].strip() or at is None:
                step = trace.steps.filter(position=given["step"]).first()
                at = place_before(step.text if step else "", given["words"])
        return Cut(given["step"], given["version"], at, given["reason"])
