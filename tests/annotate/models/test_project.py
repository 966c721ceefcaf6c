from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import Role
from annotate.models import Membership, Project
from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


def test_person_is_member_once_with_a_known_role() -> None:
    project = a_project(bob=Role.ANNOTATOR)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(project=project, person=a_person("bob"), role=Role.VIEWER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(project=project, person=a_person("dan"), role="king")


@pytest.mark.parametrize("field", ["overlap", "lease_minutes"])
def test_overlap_and_lease_are_at_least_one(field: str) -> None:
    project = a_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(**{field: 0})


def test_slug_is_unique() -> None:
    project = a_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.create(slug=project.slug, name="Another")
