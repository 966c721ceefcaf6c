from __future__ import annotations

import pytest

from annotate.models import Project, Trace
from tests.annotate.consensus.corpus import a_corpus
from tests.factories import a_project


@pytest.fixture
def project() -> Project:
    return a_project()


@pytest.fixture
def corpus(project: Project) -> list[tuple[Trace, int]]:
    """Forty traces with the true place of their first error: rollouts, a judge that is right three times of four."""
    return a_corpus(project)
