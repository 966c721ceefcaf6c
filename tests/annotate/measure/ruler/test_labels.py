from __future__ import annotations

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from annotate.enums import AssignmentState, RaterKind, Scope
from annotate.measure.ruler.labels import (
    RATED,
    questions_of,
    ruler_labels,
    scope_and_key,
    target_of,
)
from annotate.models import Assignment, Project
from tests.annotate.measure.ruler.scene import say
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


def test_a_target_is_one_number_that_says_what_it_is() -> None:
    assert scope_and_key(target_of(Scope.TRACE, 7)) == (Scope.TRACE, 7)
    assert scope_and_key(target_of(Scope.STEP, 7)) == (Scope.STEP, 7)
    assert target_of(Scope.STEP, 7) != target_of(Scope.CANDIDATE, 7)


def test_levels_are_numbered_from_the_worst_and_unsure_is_off_the_line(project: Project) -> None:
    steps = list(a_trace(project, n_steps=4).steps.all())
    say(a_rater(project), steps, ["good", "unsure", "bad", "neutral"])
    labels = ruler_labels(project)
    assert labels.level.tolist() == [2, -1, 0, 1]
    assert [scope_and_key(target)[1] for target in labels.target.tolist()] == [step.pk for step in steps]
    assert labels.ratings.tolist() == [True, False, True, True]


def test_only_what_counts_is_read_and_keys_are_no_ratings(project: Project) -> None:
    trace = a_trace(project, n_steps=1)
    [step] = trace.steps.all()
    ann, ben = a_rater(project), a_rater(project)
    a_label(ann, step, "good")
    a_label(ben, step, "bad", is_live=False)
    skipped = Assignment.objects.create(
        project=project, trace=trace, slot=0, state=AssignmentState.SKIPPED, holder=ben
    )
    a_label(ben, step, "bad", assignment=skipped)
    a_label(a_rater(project, RaterKind.GOLD), step, "bad")
    a_label(a_rater(project, RaterKind.PROBE), step, "bad")
    other = a_project()
    a_label(a_rater(other), a_trace(other).steps.all()[0], "good")
    labels = ruler_labels(project)
    assert (len(labels), int(labels.by(RATED).sum())) == (2, 1)
    assert labels.rater[labels.ratings].tolist() == [ann.pk]


def test_questions_without_an_order_are_left_out(project: Project) -> None:
    assert [question.criterion.key for question in questions_of(project)] == ["verdict", "recoverable"]
    criterion = a_criterion(project)
    type(criterion).objects.filter(pk=criterion.pk).update(fills_before_error=True)
    assert "verdict" not in [question.criterion.key for question in questions_of(project)]


def test_sessions_can_be_read_alone_in_few_queries(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    trace = a_trace(project, n_steps=2)
    ann = a_rater(project)
    mine = Assignment.objects.create(
        project=project, trace=trace, slot=0, state=AssignmentState.SUBMITTED, holder=ann
    )
    say(ann, list(trace.steps.all()), ["good", "bad"], assignment=mine)
    say(a_rater(project), list(trace.steps.all()), ["good", "bad"])
    # On PostgreSQL the labels themselves come by COPY, which is no query.
    with django_assert_num_queries(3 if connection.vendor == "postgresql" else 4):
        labels = ruler_labels(project, assignments=[mine.pk])
    assert labels.assignment.tolist() == [mine.pk, mine.pk]


def test_a_project_without_labels_or_rubric_has_none(project: Project) -> None:
    assert len(ruler_labels(project)) == 0
    Project.objects.filter(pk=project.pk).update(rubric=None)
    project.refresh_from_db()
    assert (questions_of(project), len(ruler_labels(project))) == ((), 0)
