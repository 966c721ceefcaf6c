from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext

from annotate.prelabel.audit.kinds import RATES


class GateForm(forms.Form):
    """One threshold for each audit rate; a field left empty asks nothing of it."""

    def __init__(self, gate: Mapping[str, float], data: Any = None) -> None:
        super().__init__(data, prefix="gate")
        for name, family in RATES.items():
            self.fields[name] = forms.FloatField(
                required=False,
                min_value=0,
                max_value=1,
                initial=gate.get(name),
                label=(gettext("%(rate)s, at most") if family.is_bias else gettext("%(rate)s, at least"))
                % {"rate": gettext(family.title)},
                widget=forms.NumberInput(attrs={"step": "0.01"}),
            )

    @property
    def gate(self) -> dict[str, float]:
        return {name: value for name, value in self.cleaned_data.items() if value is not None}
