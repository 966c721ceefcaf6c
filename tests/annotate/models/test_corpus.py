from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.models import Pair, Problem, Step, Trace
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def test_positions_are_unique_in_a_trace() -> None:
    trace = a_trace(a_project(), n_steps=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.create(trace=trace, position=1, text="again")


def test_external_ids_are_unique_in_a_project_only() -> None:
    first, second = a_project(), a_project()
    a_trace(first, external_id="one")
    a_trace(second, external_id="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        a_trace(first, external_id="one")
    problem = Problem.objects.filter(project=first).get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Problem.objects.create(project=first, external_id=problem.external_id, text="?", content_hash="0")


def test_trace_has_a_step_and_a_known_outcome() -> None:
    trace = a_trace(a_project())
    with pytest.raises(IntegrityError), transaction.atomic():
        Trace.objects.filter(pk=trace.pk).update(n_steps=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Trace.objects.filter(pk=trace.pk).update(outcome="probably")
    Trace.objects.filter(pk=trace.pk).update(outcome=None)


def test_step_kind_is_known() -> None:
    trace = a_trace(a_project())
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.filter(trace=trace).update(kind="musing")


def test_text_is_the_steps_joined_and_body_leaves_the_separator() -> None:
    trace = a_trace(a_project(), texts=["  a\n\n", "b \n", "\nc"])
    assert trace.text == "  a\n\nb \n\nc"
    assert [step.body for step in trace.steps.all()] == ["  a", "b ", "\nc"]


def test_pair_compares_two_different_things_of_one_sort() -> None:
    project = a_project()
    left, right = a_trace(project), a_trace(project)
    step = left.steps.first()
    bad = (
        {"left_trace": left},
        {"left_trace": left, "right_trace": left},
        {"left_step": step, "right_step": step},
        {"left_trace": left, "right_step": step},
        {},
    )
    for sides in bad:
        with pytest.raises(IntegrityError), transaction.atomic():
            Pair.objects.create(project=project, external_id="p", **sides)
    Pair.objects.create(project=project, external_id="p", left_trace=left, right_trace=right)
    Pair.objects.create(project=project, external_id="q", left_step=step, right_step=right.steps.first())
    with pytest.raises(IntegrityError), transaction.atomic():
        Pair.objects.create(project=project, external_id="p", left_trace=right, right_trace=left)
