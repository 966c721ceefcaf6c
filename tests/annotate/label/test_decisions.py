from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import RaterKind, Role
from annotate.label.answers import Said
from annotate.label.decisions import decide, desk_of
from annotate.measure.actions import measure_project
from annotate.measure.queries import criterion_labels, data_version_of
from annotate.models import Criterion, Label, Project, Trace
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project(carol=Role.REVIEWER)


@pytest.fixture
def trace(project: Project) -> Trace:
    """Two people differ on the second of two steps."""
    trace = a_trace(project, n_steps=2)
    for name, second in (("ann", "good"), ("ben", "bad")):
        rater = a_rater(project, name=name)
        a_label(rater, trace.steps.get(position=0), "good")
        a_label(rater, trace.steps.get(position=1), second)
    return trace


@pytest.fixture
def verdict(project: Project) -> Criterion:
    return a_criterion(project)


def test_a_decision_is_a_label_of_the_desk_that_keeps_who_and_between_what(trace, verdict):
    [written] = decide(trace, a_person("carol"), [Said(verdict.pk, 1, "bad", " 6 * 7 is 42 ", seconds=3.21)])
    label = Label.objects.get(pk=written.label_id)
    assert label.rater == desk_of(trace.project)
    assert label.decided_by is not None
    assert label.decided_by.person == a_person("carol")
    assert (label.value, label.text, label.seconds, label.assignment) == ("bad", "6 * 7 is 42", 3.2, None)
    readings = Label.objects.filter(step__position=1, rater__kind=RaterKind.PERSON)
    assert label.evidence == {"between": list(readings.order_by("pk").values_list("pk", flat=True))}


def test_a_decision_no_reading_supports_needs_a_reason(trace, verdict):
    carol = a_person("carol")
    [refused] = decide(trace, carol, [Said(verdict.pk, 1, "neutral")])
    assert refused.refusal is not None
    assert refused.refusal.field == f"reason-{verdict.pk}-1"
    assert "say why" in refused.refusal.reason
    [unlabelled] = decide(trace, carol, [Said(verdict.pk, 1, "neutral", "Neither helps nor hurts")])
    assert unlabelled.label_id is not None


def test_decisions_are_revised_and_taken_back_and_all_stay(trace, verdict):
    carol, alice = a_person("carol"), a_person("alice")
    [first] = decide(trace, carol, [Said(verdict.pk, 1, "bad")])
    [again] = decide(trace, carol, [Said(verdict.pk, 1, "bad")])
    [second] = decide(trace, alice, [Said(verdict.pk, 1, "good", seen=first.label_id)])
    assert again == first
    [gone] = decide(trace, alice, [Said(verdict.pk, 1, is_cleared=True)])
    [nothing] = decide(trace, alice, [Said(verdict.pk, 1, is_cleared=True)])
    assert nothing.label_id is None
    rows = Label.objects.filter(rater=desk_of(trace.project)).order_by("pk")
    assert list(rows.values_list("pk", "value", "is_live", "supersedes", "decided_by__name")) == [
        (first.label_id, "bad", False, None, "carol"),
        (second.label_id, "good", False, first.label_id, "alice"),
        (gone.label_id, "", False, second.label_id, "alice"),
    ]


def test_another_reviewers_decision_is_not_overwritten_unseen(trace, verdict):
    [first] = decide(trace, a_person("alice"), [Said(verdict.pk, 1, "bad", seen=0)])
    [late] = decide(trace, a_person("carol"), [Said(verdict.pk, 1, "good", seen=0)])
    assert (late.is_conflict, late.label_id, late.value) == (True, first.label_id, "bad")
    assert Label.objects.decisions().get().value == "bad"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said(0, 1, "bad"), "criterion"),
        (Said(-1, None, "bad"), "step"),
        (Said(-1, 9, "bad"), "step"),
        (Said(-1, 1, "superb"), "value"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_its_field_and_stops_no_other(trace, verdict, said, field):
    said = Said(verdict.pk if said.criterion_id < 0 else said.criterion_id, said.position, said.value)
    refused, written = decide(trace, a_person("carol"), [said, Said(verdict.pk, 0, "good")])
    assert refused.refusal is not None
    assert refused.refusal.field == field
    assert written.label_id is not None


def test_a_decision_is_no_further_reading(trace, verdict):
    before, version = criterion_labels(verdict), data_version_of(trace.project)
    measured = measure_project(trace.project, resamples=10)
    decide(trace, a_person("carol"), [Said(verdict.pk, 1, "bad"), Said(verdict.pk, 0, "bad", "It is not")])
    again = measure_project(trace.project, resamples=10)
    assert criterion_labels(verdict) == before
    assert data_version_of(trace.project) == version
    values = [(one.name, one.value, one.n) for one in again.estimates]
    assert values == [(one.name, one.value, one.n) for one in measured.estimates]
    assert again.n_labels == 4


def test_the_database_keeps_decisions_apart_from_readings_and_unchanged(trace, verdict):
    [written] = decide(trace, a_person("carol"), [Said(verdict.pk, 1, "bad")])
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.filter(pk=written.label_id).update(decided_by=a_rater(trace.project))
    desk = desk_of(trace.project)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_label(desk, trace.steps.get(position=1), "good")


def test_a_rater_called_review_in_a_file_is_somebody_else(project):
    imported = a_rater(project, name="review")
    assert desk_of(project) != imported
    assert desk_of(project) == desk_of(project)
