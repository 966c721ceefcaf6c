from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from annotate.models import Assignment, Project, Turn
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def said(*options: str) -> str:
    out = StringIO()
    call_command("queue", "words", *options, stdout=out)
    return out.getvalue()


def test_the_queue_is_filled_and_put_in_order() -> None:
    project = a_project(slug="words", overlap=2)
    for _ in range(3):
        a_trace(project)
    assert "0 slots added, 0 traces placed anew" in said("--no-fill")
    assert not Assignment.objects.exists()
    assert "6 slots added, 0 traces placed anew. Order: in order of arrival." in said()
    Project.objects.update(queue_rules={"policy": "random", "seed": 2})
    assert "0 slots added, 3 traces placed anew. Order: in random order." in said()
    assert "6 open, 0 held, 0 submitted, 0 skipped." in said()
    assert set(Assignment.objects.values_list("position", flat=True)) == set(
        Turn.objects.values_list("position", flat=True)
    )
