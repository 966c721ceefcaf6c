from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotate.enums import RaterKind
from annotate.ingest.founding import create_from_preset
from annotate.measure.actions import measure_project
from annotate.measure.queries import (
    agreement_of,
    criterion_labels,
    data_version_of,
    is_stale,
    rater_quality,
)
from annotate.models import Label, Project
from tests.annotate.measure.ruler.scene import a_read_project, submit
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


def test_labels_come_with_their_traces_as_clusters(project: Project) -> None:
    first, second = a_trace(project, n_steps=2), a_trace(project, n_steps=1)
    ann = a_rater(project)
    for trace in (first, second):
        for step in trace.steps.all():
            a_label(ann, step, "good")
    labels = criterion_labels(a_criterion(project))
    assert labels.clusters == (first.pk, first.pk, second.pk)
    assert labels.items == (
        *first.steps.values_list("pk", flat=True),
        *second.steps.values_list("pk", flat=True),
    )
    assert labels.levels == ("bad", "neutral", "good")
    assert len(labels.table([RaterKind.PERSON])) == 3
    assert len(labels.table([RaterKind.JUDGE])) == 0


def test_data_version_follows_labels_and_their_state(project: Project) -> None:
    step = a_trace(project).steps.all()[0]
    versions = [data_version_of(project)]
    label = a_label(a_rater(project), step, "good")
    versions.append(data_version_of(project))
    Label.objects.filter(pk=label.pk).update(is_live=False)
    versions.append(data_version_of(project))
    assert len(set(versions)) == 3
    a_label(a_rater(other := a_project()), a_trace(other).steps.all()[0], "good")
    assert data_version_of(project) == versions[-1]


@pytest.mark.parametrize("n_raters", [1, 3])
def test_lists_take_one_query(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries, n_raters: int
) -> None:
    step = a_trace(project).steps.all()[0]
    a_label(a_rater(project, RaterKind.GOLD), step, "good")
    for _ in range(n_raters):
        a_label(a_rater(project), step, "good")
    measure_project(project, resamples=0)
    with django_assert_num_queries(1):
        assert len([found.rater.name for found in rater_quality(project) if found.rater]) == n_raters
    with django_assert_num_queries(1):
        assert {found.criterion.key for found in agreement_of(project)} == {"verdict"}


def test_what_came_after_makes_the_estimates_stale_without_reading_all_labels(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project, raters = a_read_project(n_traces=2)
    assert is_stale(project) is None
    measure_project(project, resamples=0)
    with django_assert_num_queries(5):
        assert is_stale(project) is False
    a_label(a_rater(project, RaterKind.REVIEW), a_trace(project).steps.all()[0], "good")
    assert is_stale(project) is False
    submit(raters[0], ["bad"] * 10)
    assert is_stale(project) is True
    measure_project(project, resamples=0)
    assert is_stale(project) is False
    Project.objects.filter(pk=project.pk).update(rubric=create_from_preset(project, "first-error"))
    project.refresh_from_db()
    assert is_stale(project) is True
