"""What managers know about a pair or a lineup: an answer to each question, and where it is known from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import USES_OF_COMPARED, CriterionKind, Purpose
from annotate.label.answers import Said
from annotate.label.keys import KEY, Thing, keys_on
from annotate.label.spread import Side
from annotate.models import Criterion


class KeyForm(forms.Form):
    """One field a question, named by its key; empty where nothing is known."""

    prefix = "key"

    source = forms.CharField(
        max_length=2000,
        label=gettext_lazy("Known from"),
        help_text=gettext_lazy(
            "Who or what says so: a reference, a proof, two experts. Readers never see it."
        ),
    )
    use = forms.ChoiceField(
        choices=[
            (Purpose.GOLD.value, gettext_lazy("Give it in between as hidden gold")),
            (Purpose.WORK.value, gettext_lazy("Leave it among the ordinary ones")),
        ],
        label=gettext_lazy("And then"),
        initial=Purpose.GOLD.value,
    )

    def __init__(
        self, questions: Sequence[Criterion], sides: Sequence[Side], *given: Any, **more: Any
    ) -> None:
        super().__init__(*given, **more)
        self.questions = questions
        asked = {f"answer-{one.pk}": _field(one, sides) for one in questions}
        self.fields = {**asked, **self.fields}

    @classmethod
    def of(cls, questions: Sequence[Criterion], sides: Sequence[Side], thing: Thing) -> KeyForm:
        """As it stands: with what a manager has noted before."""
        initial: dict[str, Any] = {}
        for label in keys_on(thing):
            if label.decided_by_id is not None or label.rater.name.startswith(KEY):
                initial |= {f"answer-{label.criterion_id}": label.value, "source": label.text}
        if initial:
            initial["use"] = Purpose.GOLD.value if thing.use == Purpose.GOLD else Purpose.WORK.value
        return cls(questions, sides, initial=initial)

    @classmethod
    def sent(cls, questions: Sequence[Criterion], sides: Sequence[Side], data: QueryDict) -> KeyForm:
        return cls(questions, sides, data)

    def said(self) -> list[Said]:
        answers = ((one.pk, self.cleaned_data.get(f"answer-{one.pk}", "")) for one in self.questions)
        return [Said(pk, None, value) for pk, value in answers if value]


class UseForm(forms.Form):
    """What a pair or a lineup is to be used for."""

    use = forms.ChoiceField(choices=[(one.value, one.label) for one in USES_OF_COMPARED])


def _field(criterion: Criterion, sides: Iterable[Side]) -> forms.Field:
    if criterion.kind == CriterionKind.RANKING:
        letters = [side.letter for side in sides]
        return forms.CharField(
            required=False,
            max_length=40,
            label=criterion.title,
            help_text=gettext("Best first, as in %(example)s; what you tie is not held against anybody.")
            % {"example": ">".join(letters)},
        )
    if criterion.kind == CriterionKind.TAGS:
        return forms.CharField(required=False, max_length=200, label=criterion.title)
    levels = [(level.key, level.title) for level in criterion.levels.all()]
    return forms.ChoiceField(
        required=False, choices=[("", gettext("not known")), *levels], label=criterion.title
    )
