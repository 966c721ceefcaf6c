from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotate.models import Estimate, Project
from tests.factories import a_criterion, a_project, a_rater

pytestmark = pytest.mark.django_db


def an_estimate(project: Project, **fields: object) -> Estimate:
    defaults = {"name": "alpha", "value": 0.5, "data_version": "v"}
    return Estimate.objects.create(project=project, criterion=a_criterion(project), **(defaults | fields))


def test_estimate_once_per_name_and_rater() -> None:
    project = a_project()
    rater = a_rater(project)
    an_estimate(project)
    an_estimate(project, rater=rater)
    with pytest.raises(IntegrityError), transaction.atomic():
        an_estimate(project)
    with pytest.raises(IntegrityError), transaction.atomic():
        an_estimate(project, rater=rater)


def test_missing_value_says_why() -> None:
    project = a_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        an_estimate(project, value=None)
    an_estimate(project, value=None, reason="one rater only")
