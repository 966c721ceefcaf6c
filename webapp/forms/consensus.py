from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from annotate.consensus.contracts import Policy
from annotate.enums import CHOOSING_KINDS, Scope
from annotate.models import Project


class QuestionForm(forms.Form):
    """Which question about steps a policy is to decide."""

    criterion = forms.ChoiceField(
        label=gettext_lazy("Question"),
        required=False,
        help_text=gettext_lazy("Each run decides one question; earlier runs of others stay."),
    )

    def __init__(self, project: Project, policy: Policy, data: Any = None) -> None:
        super().__init__(data)
        asked = (
            project.rubric.criteria.filter(scope=Scope.STEP, kind__in=CHOOSING_KINDS)
            if project.rubric
            else ()
        )
        question = self.fields["criterion"]
        assert isinstance(question, forms.ChoiceField)
        titles = {one.key: one.title for one in asked}
        usual = titles.pop(policy.usual_criterion, gettext("The usual one for this policy"))
        question.choices = [("", usual), *titles.items()]
