from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import RunKind
from annotate.models import Completion, Run, Unit
from tests.factories import a_criterion, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit() -> Unit:
    project = a_project()
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name="rollout/scan",
        criterion=a_criterion(project, "recoverable"),
    )
    return Unit.objects.create(run=run, trace=a_trace(project))


def a_completion(unit: Unit, **fields: object) -> Completion:
    defaults = {"digest": "d" * 64, "sample": 0, "finish_reason": "stop", "text": "41 + 1 = 42"}
    return Completion.objects.create(run=unit.run, unit=unit, **(defaults | fields))


def test_completion_is_paid_once_per_run_digest_and_sample(unit: Unit) -> None:
    a_completion(unit)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_completion(unit, text="another draw")
    a_completion(unit, sample=1)
    a_completion(unit, digest="e" * 64)


def test_completion_finish_reason_is_known(unit: Unit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        a_completion(unit, finish_reason="done")


def test_unit_is_one_per_run_and_trace_with_a_known_state(unit: Unit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.create(run=unit.run, trace=unit.trace)
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.filter(pk=unit.pk).update(state="lost")


def test_run_kind_and_state_are_known(unit: Unit) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=unit.run_id).update(state="lost")
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=unit.run_id).update(kind="errand")
