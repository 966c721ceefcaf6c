from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.enums import Scope
from annotate.models import Project
from annotate.prelabel.entries import StrategyEntry


class BudgetForm(forms.Form):
    """What a run may spend before it stops by itself; empty sets no limit."""

    budget_tokens = forms.IntegerField(
        min_value=1,
        required=False,
        label=gettext_lazy("Stop after this many tokens"),
        help_text=gettext_lazy(
            "Read and written together. What is paid for stays, and the run can go on later."
        ),
    )
    budget_completions = forms.IntegerField(
        min_value=1, required=False, label=gettext_lazy("Stop after this many completions")
    )


class RunForm(BudgetForm):
    """What every run needs besides its strategy's own settings."""

    field_order = ("backend", "criterion", "pairs_per_problem", "budget_tokens", "budget_completions")

    backend = forms.CharField(
        max_length=400,
        label=gettext_lazy("Model"),
        help_text=gettext_lazy(
            "transformers:FOLDER for a model on this machine, openai:ADDRESS?model=NAME for a model server."
        ),
    )
    criterion = forms.ChoiceField(label=gettext_lazy("Question"), required=False)
    pairs_per_problem = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=1,
        label=gettext_lazy("Pairs of each problem"),
        help_text=gettext_lazy(
            "There are no pairs yet: they are made of traces of one problem, right beside wrong first."
        ),
    )

    def __init__(self, project: Project, entry: StrategyEntry, data: Any = None) -> None:
        super().__init__(data)
        if not entry.needs_backend:
            for name in ("backend", *BudgetForm.base_fields):
                del self.fields[name]
        if entry.task != "pair" or project.pairs.exists():
            del self.fields["pairs_per_problem"]
        criteria = project.rubric.criteria.all() if project.rubric else ()
        question = self.fields["criterion"]
        assert isinstance(question, forms.ChoiceField)
        question.choices = [
            ("", gettext("The usual one for this strategy")),
            *((c.key, c.title) for c in criteria if (c.scope == Scope.PAIR) == (entry.task == "pair")),
        ]
