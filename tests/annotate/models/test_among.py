"""``among`` finds what ``in`` finds, whatever the strings are made of."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.models import Problem
from tests.factories import a_project

pytestmark = pytest.mark.django_db

NAMES = ["plain", "it's", 'a "quote"', "back\\slash", "a,b", "{c}", "[d]", "NULL", "null", "é", "%s", " "]


def test_it_finds_what_in_finds_by_one_parameter() -> None:
    project = a_project()
    for name in (*NAMES, "other"):
        Problem.objects.create(project=project, external_id=name, text=name, content_hash=name)
    for wanted in (NAMES, [*NAMES[:3], "absent"], ["absent"], []):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found = set(
                Problem.objects.filter(external_id__among=wanted).values_list("external_id", flat=True)
            )
        assert found == set(
            Problem.objects.filter(external_id__in=wanted).values_list("external_id", flat=True)
        )
        assert len(asked) == 1
    assert Problem.objects.exclude(external_id__among=NAMES).get().external_id == "other"
    assert Problem.objects.filter(external_id__among={"plain", "other"}).count() == 2
