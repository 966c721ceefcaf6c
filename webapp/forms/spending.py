from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.consensus.buying import Order
from annotate.consensus.costs import Prices
from annotate.consensus.spending import MOST_TRACES, USUAL_BUDGET, USUAL_TRACES, What


class PlanForm(forms.Form):
    """The budget, what an hour and a token are said to cost, and how many traces are looked at. Empty: the usual."""

    budget = forms.FloatField(
        min_value=0.000001, max_value=1e9, initial=USUAL_BUDGET, label=gettext_lazy("Budget in dollars")
    )
    person_hour = forms.FloatField(
        min_value=0.000001,
        max_value=1e6,
        initial=Prices().person_hour,
        label=gettext_lazy("Dollars for an hour of a person's time"),
    )
    million_tokens = forms.FloatField(
        min_value=0.000001,
        max_value=1e6,
        initial=Prices().million_tokens,
        label=gettext_lazy("Dollars for a million tokens"),
        help_text=gettext_lazy("Where runs have recorded what they cost, that counts instead."),
    )
    traces = forms.IntegerField(
        min_value=1,
        max_value=MOST_TRACES,
        initial=USUAL_TRACES,
        label=gettext_lazy("Traces to look at"),
        help_text=gettext_lazy("Those worth most to read."),
    )

    def __init__(self, data: Any) -> None:
        usual = {name: f"{field.initial:g}" for name, field in self.base_fields.items()}
        super().__init__({**usual, **{name: data[name] for name in usual if data.get(name)}})

    @property
    def prices(self) -> Prices:
        return Prices(self.cleaned_data["person_hour"], self.cleaned_data["million_tokens"])


class OrderForm(forms.Form):
    """A lot of the plan, as its button sends it: ``places`` are words TRACE:STEP, or TRACE alone."""

    what = forms.ChoiceField(choices=[(one.value, one.value) for one in What])
    rater = forms.IntegerField(required=False, min_value=1)
    places = forms.CharField(max_length=40 * MOST_TRACES)

    def clean_places(self) -> tuple[tuple[int, int | None], ...]:
        found = []
        for word in self.cleaned_data["places"].split():
            trace, _, step = word.partition(":")
            if not (
                trace.isdecimal() and len(trace) < 19 and (not step or (step.isdecimal() and len(step) < 7))
            ):
                raise forms.ValidationError(gettext("should be traces and steps like 41:3"))
            found.append((int(trace), int(step) - 1 if step else None))
        return tuple(found)

    @property
    def order(self) -> Order:
        given = self.cleaned_data
        return Order(What(given["what"]), given["rater"], given["places"])
