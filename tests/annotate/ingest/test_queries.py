from __future__ import annotations

import pytest

from annotate.ingest.queries import CorpusCounts, corpus_counts
from annotate.models import Project
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project()
    for number in range(5):
        a_trace(project, external_id=f"t{number}", n_steps=2)
    a_trace(a_project(), external_id="elsewhere")
    return project


def test_counts_are_the_projects_own(project: Project) -> None:
    assert corpus_counts(project) == CorpusCounts(problems=5, traces=5, steps=10)
    assert corpus_counts(a_project()) == CorpusCounts(0, 0, 0)
