from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from annotate.measure.messages import LONGEST_MESSAGE
from annotate.models import Intervention


class InterventionForm(forms.Form):
    """What to do about a rater, and why, or what to write to them.

    ``since`` is a day by the clock of whoever fills it in.
    """

    deed = forms.ChoiceField(choices=Intervention.Deed.choices)
    reason = forms.CharField(max_length=LONGEST_MESSAGE, label=gettext_lazy("Because"))
    since = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @property
    def moment(self) -> datetime | None:
        """The beginning of the day, in the zone of now."""
        day = self.cleaned_data["since"]
        return None if day is None else timezone.make_aware(datetime.combine(day, time.min))
