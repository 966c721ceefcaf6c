from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.queries import funnel_of, latest_consensus
from annotate.enums import RunKind
from annotate.models import Project, Run
from tests.factories import a_criterion, a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


def test_the_latest_consensus_is_the_newest_finished_run_of_that_policy(project):
    a_trace(project)
    assert latest_consensus(project) is None
    majority = run_consensus(project, policy="majority")
    lessons = run_consensus(project, policy="lessons")
    Run.objects.create(project=project, kind=RunKind.CONSENSUS, name="lessons", criterion=lessons.criterion)

    assert latest_consensus(project) == lessons
    assert latest_consensus(project, "majority") == majority


def test_an_unfinished_run_has_no_funnel(project):
    run = Run.objects.create(
        project=project, kind=RunKind.CONSENSUS, name="majority", criterion=a_criterion(project)
    )

    assert funnel_of(run) == []
