from __future__ import annotations

from typing import Any

from django import forms

from annotate.models import Project
from annotate.prelabel.entries import StrategyEntry


class RunForm(forms.Form):
    """What every run needs besides its strategy's own settings."""

    backend = forms.CharField(
        max_length=400,
        label="Model",
        help_text="transformers:FOLDER for a model on this machine, openai:ADDRESS?model=NAME for a model server.",
    )
    criterion = forms.ChoiceField(label="Question", required=False)

    def __init__(self, project: Project, entry: StrategyEntry, data: Any = None) -> None:
        super().__init__(data)
        if not entry.needs_backend:
            del self.fields["backend"]
        criteria = project.rubric.criteria.all() if project.rubric else ()
        question = self.fields["criterion"]
        assert isinstance(question, forms.ChoiceField)
        question.choices = [("", "The usual one for this strategy"), *((c.key, c.title) for c in criteria)]
