from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import AssignmentState, Purpose, RaterKind
from annotate.models import Assignment, Label, Pair
from tests.factories import a_candidate, a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def refused() -> pytest.RaisesExc:
    return pytest.raises(IntegrityError)


def test_label_needs_exactly_one_target() -> None:
    project = a_project()
    trace = a_trace(project)
    step = trace.steps.first()
    rater, criterion = a_rater(project), a_criterion(project)
    with refused(), transaction.atomic():
        Label.objects.create(rater=rater, criterion=criterion, value="good")
    with refused(), transaction.atomic():
        Label.objects.create(rater=rater, criterion=criterion, step=step, trace=trace, value="good")
    with refused(), transaction.atomic():
        Label.objects.create(
            rater=rater, criterion=criterion, step=step, candidate=a_candidate(step), value="good"
        )
    Label.objects.create(rater=rater, criterion=criterion, trace=trace, value="good")
    Label.objects.create(rater=rater, criterion=criterion, step=step, value="good")


@pytest.mark.parametrize("target", ["step", "trace", "pair", "candidate"])
def test_second_live_label_is_refused_and_a_revision_is_not(target: str) -> None:
    project = a_project()
    trace, other = a_trace(project), a_trace(project)
    pair = Pair.objects.create(project=project, external_id="p", left_trace=trace, right_trace=other)
    candidate = a_candidate(trace.steps.first())
    targets = {"step": trace.steps.first(), "trace": trace, "pair": pair, "candidate": candidate}
    on = {target: targets[target]}
    rater, criterion = a_rater(project), a_criterion(project)
    first = Label.objects.create(rater=rater, criterion=criterion, value="good", **on)
    with refused(), transaction.atomic():
        Label.objects.create(rater=rater, criterion=criterion, value="bad", **on)
    Label.objects.filter(pk=first.pk).update(is_live=False)
    Label.objects.create(rater=rater, criterion=criterion, value="bad", supersedes=first, **on)
    assert Label.objects.live().get().value == "bad"


def test_label_is_append_only() -> None:
    project = a_project()
    label = a_label(a_rater(project), a_trace(project).steps.first(), "good")
    with refused(), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(value="bad")
    label.text = "second thoughts"
    with refused(), transaction.atomic():
        label.save()


def test_superseded_label_cannot_come_back() -> None:
    project = a_project()
    label = a_label(a_rater(project), a_trace(project).steps.first(), "good")
    Label.objects.filter(pk=label.pk).update(is_live=False)
    with refused(), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(is_live=True)


def test_label_is_superseded_once() -> None:
    project = a_project()
    step = a_trace(project).steps.first()
    rater = a_rater(project)
    first = a_label(rater, step, "good", is_live=False)
    a_label(rater, step, "bad", supersedes=first)
    with refused(), transaction.atomic():
        a_label(rater, step, "neutral", supersedes=first, is_live=False)


def test_negative_seconds_are_refused() -> None:
    project = a_project()
    with refused(), transaction.atomic():
        a_label(a_rater(project), a_trace(project).steps.first(), "good", seconds=-1.0)


def test_counted_leaves_out_work_in_progress_and_skipped_traces() -> None:
    project = a_project()
    rater = a_rater(project)
    expected = []
    for state in (AssignmentState.SUBMITTED, AssignmentState.SKIPPED):
        trace = a_trace(project)
        assignment = Assignment.objects.create(
            project=project, trace=trace, slot=0, state=state, holder=rater
        )
        label = a_label(rater, trace.steps.first(), "good", assignment=assignment)
        if state == AssignmentState.SUBMITTED:
            expected.append(label)
    machine = a_label(a_rater(project, RaterKind.JUDGE), a_trace(project).steps.first(), "bad")
    assert set(Label.objects.counted()) == {*expected, machine}


def test_counted_leaves_out_demonstrations_and_keeps_gold_readings() -> None:
    project = a_project()
    rater = a_rater(project)
    labels = {}
    for purpose in Purpose:
        trace = a_trace(project)
        assignment = Assignment.objects.create(
            project=project, trace=trace, slot=0, state="submitted", holder=rater, purpose=purpose
        )
        labels[purpose] = a_label(rater, trace.steps.first(), "good", assignment=assignment)
    demonstrated = labels.pop(Purpose.DEMO)
    assert set(Label.objects.counted()) == set(labels.values())
    assert demonstrated not in Label.objects.counted()
