"""The review page's inputs: decisions as fields of a plain form, and how the queue is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import AssignmentState, CriterionKind
from annotate.errors import Rejected
from annotate.label.answers import Said, Written
from annotate.label.compared_review import ComparedReview
from annotate.label.comparing import LONGEST_REASON
from annotate.label.decisions import spot_name
from annotate.label.review import Heard, Matter, Review
from annotate.label.review_queue import Order, Show
from annotate.models import Candidate, Comparison, Criterion, Label, Level
from annotate.wording import mid


class LookForm(forms.Form):
    """How to look at the queue. What is unknown falls back to the usual look: these are links, not work."""

    order = forms.ChoiceField(
        choices=[
            (Order.DISAGREEMENT, gettext_lazy("Most disagreement")),
            (Order.ASK, gettext_lazy("Most asked by consensus")),
        ],
        required=False,
        label=gettext_lazy("Order"),
    )
    show = forms.ChoiceField(
        choices=[(Show.OPEN, gettext_lazy("To decide")), (Show.DECIDED, gettext_lazy("Decided"))],
        required=False,
        label=gettext_lazy("Show"),
    )
    criterion = forms.ChoiceField(choices=[], required=False, label=gettext_lazy("Question"))

    def __init__(self, data: QueryDict, criteria: Sequence[Criterion]) -> None:
        super().__init__(data)
        self.criteria = {one.key: one for one in criteria}
        choices = [("", gettext("All questions")), *((one.key, one.title) for one in criteria)]
        self.fields["criterion"] = forms.ChoiceField(
            choices=choices, required=False, label=gettext("Question")
        )

    @property
    def chosen_order(self) -> Order:
        return Order(self._chosen("order") or Order.DISAGREEMENT)

    @property
    def chosen_show(self) -> Show:
        return Show(self._chosen("show") or Show.OPEN)

    @property
    def chosen_criterion(self) -> Criterion | None:
        return self.criteria.get(self._chosen("criterion"))

    @property
    def query(self) -> str:
        """The look as a query string, to be carried from trace to trace."""
        carried = QueryDict(mutable=True)
        carried.update({name: self._chosen(name) for name in self.fields if self._chosen(name)})
        return carried.urlencode()

    def _chosen(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))


class SeenForm(forms.Form):
    # The newest decision that the page knew of.
    seen = forms.IntegerField(min_value=0)
    # How the trace was cut on the page; decisions about steps that were split or merged since are not taken.
    boundary = forms.IntegerField(min_value=1, required=False)


class ReturnComparisonForm(forms.Form):
    """Whose comparison goes back, and why; ``made`` are those there are, under the names they may be shown by."""

    reading = forms.TypedChoiceField(choices=[], coerce=int, label=gettext_lazy("Whose"))
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=gettext_lazy("What should be looked at again"),
        help_text=gettext_lazy("They read it. Do not tell them what others said."),
    )

    def __init__(self, data: QueryDict | None, made: Sequence[tuple[Comparison, str]]) -> None:
        super().__init__(data)
        self.made = {one.pk: one for one, _ in made if one.state == AssignmentState.SUBMITTED}
        names = [(one.pk, name) for one, name in made if one.pk in self.made]
        self.fields["reading"] = forms.TypedChoiceField(choices=names, coerce=int, label=gettext("Whose"))

    @property
    def chosen(self) -> Comparison:
        return self.made[self.cleaned_data["reading"]]


@dataclass(frozen=True, slots=True)
class Blank:
    """A question at a place with what can be decided there, as it stands or as it was just sent."""

    matter: Matter
    value: str
    reason: str
    # What the question is about where it is about no trace.
    whole: str = ""

    @property
    def suffix(self) -> str:
        return suffix_of(self.matter)

    @property
    def place(self) -> str:
        return self.whole or place_name(self.matter)

    @property
    def criterion(self) -> Criterion:
        return self.matter.criterion

    @property
    def heard(self) -> tuple[Heard, ...]:
        return self.matter.heard

    @property
    def decision(self) -> Label | None:
        return self.matter.decision

    @property
    def levels(self) -> list[Level]:
        return list(self.criterion.levels.all())

    @property
    def chosen(self) -> list[str]:
        return self.value.split()

    @property
    def takes_many(self) -> bool:
        return self.criterion.kind == CriterionKind.TAGS

    @property
    def is_ranking(self) -> bool:
        return self.criterion.kind == CriterionKind.RANKING

    @property
    def orders(self) -> list[str]:
        """The orders that people have given, each once, those of most people first."""
        return [value for value, _ in Counter(one.label.value for one in self.heard).most_common()]

    @property
    def own_order(self) -> str:
        """An order that is decided, or was sent, and is nobody's."""
        return "" if self.value in self.orders else self.value

    @property
    def text_given(self) -> str:
        """The name of the text that the question is about, where it is about one."""
        return text_name(self.matter.candidate) if self.matter.candidate else ""

    @property
    def agreed(self) -> str:
        """What everybody says who says anything; empty where they differ."""
        values = {one.label.value for one in self.heard}
        return values.pop() if len(values) == 1 else ""


def blank_of(matter: Matter, data: QueryDict | None = None, whole: str = "") -> Blank:
    if data is not None and f"reason-{suffix_of(matter)}" in data:
        suffix = suffix_of(matter)
        chosen = _chosen(data, suffix)
        return Blank(matter, chosen, data.get(f"reason-{suffix}", ""), whole)
    standing = matter.decision
    return Blank(matter, standing.value if standing else "", standing.text if standing else "", whole)


def said_in(review: Review | ComparedReview, data: QueryDict, *, seen: int | None) -> list[Said]:
    """The decisions in a posted page. A question left blank is not decided; a box takes a decision back."""
    said = []
    for matter in review.matters:
        suffix = suffix_of(matter)
        value = _chosen(data, suffix)
        if f"back-{suffix}" in data:
            said.append(_said(matter, is_cleared=True, seen=seen))
        elif value and matter.can_be_decided:
            said.append(_said(matter, value=value, text=data.get(f"reason-{suffix}", ""), seen=seen))
    return said


def _said(matter: Matter, **what: Any) -> Said:
    criterion, position, candidate = matter.spot
    return Said(criterion, position, candidate=candidate, **what)


def trouble_in(
    review: Review | ComparedReview, said: Sequence[Said], written: Sequence[Written], whole: str = ""
) -> Rejected | None:
    """The first decision that was not taken, and why; ``whole`` names what has no steps."""
    matters = {matter.spot: matter for matter in review.matters}
    for one, outcome in zip(said, written, strict=True):
        place = whole or place_name(matters[one.spot])
        field = f"reason-{spot_name(*one.spot)}"
        if outcome.refusal is not None:
            return Rejected(
                gettext("%(place)s: %(reason)s") % {"place": place, "reason": outcome.refusal.reason},
                field=field,
            )
        if outcome.is_conflict:
            there = (
                gettext(
                    "%(place)s: somebody else decided %(value)s after this page was loaded. Theirs stands;"
                    " look again before you decide otherwise. The other decisions are saved."
                )
                % {"place": place, "value": outcome.value}
                if outcome.value
                else gettext(
                    "%(place)s: somebody else took the decision back after this page was loaded. Theirs"
                    " stands; look again before you decide otherwise. The other decisions are saved."
                )
                % {"place": place}
            )
            return Rejected(there, field=field)
    return None


def place_name(matter: Matter) -> str:
    if matter.candidate is not None:
        return gettext("Step %(position)s, %(text)s") % {
            "position": (matter.at or 0) + 1,
            "text": text_name(matter.candidate),
        }
    if matter.position is None:
        return gettext("The trace as a whole")
    return gettext("Step %(position)s") % {"position": matter.position + 1}


def text_name(candidate: Candidate) -> str:
    """What a text given for a step is called: alternative 2."""
    return f"{mid(candidate.get_kind_display())} {candidate.number}"


def suffix_of(matter: Matter) -> str:
    return spot_name(*matter.spot)


def _chosen(data: QueryDict, suffix: str) -> str:
    """The levels that were sent, in order; a tag that was left at "no" sends nothing. An order written out wins."""
    if written := data.get(f"order-{suffix}", "").strip():
        return written
    return " ".join(sorted(value for value in data.getlist(f"decide-{suffix}") if value))
