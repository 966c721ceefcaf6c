from __future__ import annotations

import pytest

from annotate.enums import Role
from tests.factories import a_label, a_project, a_rater, a_trace
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db


def test_the_projects_page_tells_reviewers_alone_what_waits() -> None:
    project = a_project(slug="words", bob=Role.ANNOTATOR, carol=Role.REVIEWER, vera=Role.VIEWER)
    page = signed_in("carol").get("/projects/words/").content.decode()
    assert "No disagreement waits for a decision." in page
    step = a_trace(project).steps.first()
    for value in ("good", "bad"):
        a_label(a_rater(project), step, value)
    assert "1 trace on which people differ" in signed_in("carol").get("/projects/words/").content.decode()
    for name in ("bob", "vera"):
        assert "people differ" not in signed_in(name).get("/projects/words/").content.decode()
