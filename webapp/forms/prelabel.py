from __future__ import annotations

from typing import Any

from django import forms

from annotate.models import Project
from annotate.prelabel.entries import StrategyEntry


class BudgetForm(forms.Form):
    """What a run may spend before it stops by itself; empty sets no limit."""

    budget_tokens = forms.IntegerField(
        min_value=1,
        required=False,
        label="Stop after this many tokens",
        help_text="Read and written together. What is paid for stays, and the run can go on later.",
    )
    budget_completions = forms.IntegerField(
        min_value=1, required=False, label="Stop after this many completions"
    )


class RunForm(BudgetForm):
    """What every run needs besides its strategy's own settings."""

    field_order = ("backend", "criterion", "budget_tokens", "budget_completions")

    backend = forms.CharField(
        max_length=400,
        label="Model",
        help_text="transformers:FOLDER for a model on this machine, openai:ADDRESS?model=NAME for a model server.",
    )
    criterion = forms.ChoiceField(label="Question", required=False)

    def __init__(self, project: Project, entry: StrategyEntry, data: Any = None) -> None:
        super().__init__(data)
        if not entry.needs_backend:
            for name in ("backend", *BudgetForm.base_fields):
                del self.fields[name]
        criteria = project.rubric.criteria.all() if project.rubric else ()
        question = self.fields["criterion"]
        assert isinstance(question, forms.ChoiceField)
        question.choices = [("", "The usual one for this strategy"), *((c.key, c.title) for c in criteria)]
