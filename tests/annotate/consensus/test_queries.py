from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.queries import disagreement_of, funnel_of, latest_consensus
from annotate.enums import RaterKind, RunKind
from annotate.models import Project, Run
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

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


def test_disagreement_counts_steps_two_or_more_raters_answered(project):
    split, same, alone, hesitant = a_trace(project, n_steps=4).steps.all()
    ann, ben = a_rater(project, name="ann"), a_rater(project, name="ben")
    judge = a_rater(project, RaterKind.JUDGE, "judge/tiny@v1")
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    for rater, step, value in [
        (ann, split, "good"),
        (ben, split, "bad"),
        (ann, same, "good"),
        (ben, same, "good"),
        (ann, alone, "good"),
        (judge, alone, "bad"),
        (ann, hesitant, "good"),
        (ben, hesitant, "unsure"),
        (gold, hesitant, "bad"),
    ]:
        a_label(rater, step, value)

    everybody = disagreement_of(a_criterion(project))
    people = disagreement_of(a_criterion(project), people_only=True)

    assert (everybody.steps_compared, everybody.steps_split) == (3, 2)
    assert (people.steps_compared, people.steps_split) == (2, 1)
