from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.enums import RaterKind
from annotate.models import Rater
from tests.factories import a_person, a_project, a_rater

pytestmark = pytest.mark.django_db


def test_rater_name_and_account_once_per_project() -> None:
    project, bob = a_project(), a_person("bob")
    a_rater(project, name="bob", person=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rater(project, name="bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rater(project, name="bob again", person=bob)
    a_rater(a_project(), name="bob", person=bob)


def test_machine_has_no_account_and_kind_is_known() -> None:
    project = a_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rater(project, RaterKind.JUDGE, person=a_person("bob"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Rater.objects.create(project=project, kind="oracle", name="oracle")


def test_a_project_has_one_desk_of_reviewers() -> None:
    project = a_project()
    a_rater(project, RaterKind.REVIEW)
    a_rater(a_project(), RaterKind.REVIEW)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rater(project, RaterKind.REVIEW)


def test_machines_are_neither_people_nor_gold_nor_reviewers() -> None:
    project = a_project()
    kinds = {kind: a_rater(project, kind).is_machine for kind in RaterKind}
    assert [kind for kind, is_machine in kinds.items() if not is_machine] == [
        RaterKind.PERSON,
        RaterKind.GOLD,
        RaterKind.REVIEW,
    ]
