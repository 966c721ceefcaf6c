from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import Action, RunKind
from annotate.models import Consensus, Run
from tests.factories import a_criterion, a_project, a_trace

pytestmark = pytest.mark.django_db


def test_decision_is_one_per_run_and_step_known_valued_and_probable() -> None:
    project = a_project()
    run = Run.objects.create(
        project=project, kind=RunKind.CONSENSUS, name="majority", criterion=a_criterion(project)
    )
    first, second, _ = a_trace(project).steps.all()
    Consensus.objects.create(run=run, step=first, action=Action.KEEP, value="good", reason="agreed")
    for fields in (
        {"step": first, "action": Action.ASK},
        {"step": second, "action": "hide"},
        {"step": second, "action": Action.KEEP, "value": ""},
        {"step": second, "action": Action.DROP, "probability": 1.5},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consensus.objects.create(run=run, reason="tie", **fields)
