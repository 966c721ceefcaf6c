from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotate.enums import ReleaseState, RunKind
from annotate.models import Release, Run
from tests.factories import a_criterion, a_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Release:
    project = a_project()
    run = Run.objects.create(
        project=project, kind=RunKind.CONSENSUS, name="majority", criterion=a_criterion(project)
    )
    return Release.objects.create(
        project=project,
        number=1,
        run=run,
        format="trl_stepwise",
        state=ReleaseState.PUBLISHED,
        published_at=timezone.now(),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"manifest": {"files": []}},
        {"number": 2},
        {"state": "building"},
        {"path": "elsewhere"},
        {"format": "x"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_published_release_cannot_change(published: Release, fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="published"), transaction.atomic():
        Release.objects.filter(pk=published.pk).update(**fields)


def test_published_release_outlives_its_maker(published: Release) -> None:
    Release.objects.filter(pk=published.pk).update(created_by=None)
    assert Release.objects.get(pk=published.pk).created_by is None


def test_release_number_once_per_project(published: Release) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(project=published.project, number=1, run=published.run, format="parquet")


def test_published_release_has_a_date(published: Release) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.create(
            project=published.project,
            number=2,
            run=published.run,
            format="parquet",
            state=ReleaseState.PUBLISHED,
        )
