from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import RaterKind, Role
from annotate.label.actions import set_labelling, submit_sheet
from annotate.label.answers import Said
from annotate.measure.actions import measure_project
from annotate.models import Assignment, Estimate, Project, Rater
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project(bob=Role.ANNOTATOR)
    set_labelling(project, shows_reference=False, reveals_prelabels=True)
    return project


def read(project: Project, machine: Rater, says: str, before: str, after: str) -> Assignment:
    """Bob reads a new trace of which ``machine`` says ``says``; a letter is a step: g(ood), b(ad), - (nothing)."""
    words = {"g": "good", "b": "bad"}
    trace = a_trace(project, n_steps=len(says))
    for step, letter in zip(trace.steps.all(), says, strict=True):
        if letter in words:
            a_label(machine, step, words[letter])
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    verdict = a_criterion(project).pk
    for letters in (before, after):
        said = [Said(verdict, position, words[letter]) for position, letter in enumerate(letters)]
        handed = submit_sheet(held, held.token, said)
    assert handed.counts
    return held


def pull(project: Project, machine: Rater) -> Estimate:
    measure_project(project, resamples=200)
    return Estimate.objects.get(name="anchoring", rater=machine)


def test_the_pull_is_the_change_in_how_often_people_say_what_the_machine_says(project: Project) -> None:
    judge = a_rater(project, RaterKind.JUDGE, "judge/one")
    read(project, judge, says="bbg-", before="gggg", after="bggb")  # 1 of 3 the same before, 2 of 3 after
    read(project, judge, says="gg", before="gg", after="gb")  # 2 of 2 before, 1 of 2 after
    read(project, judge, says="b", before="g", after="b")
    found = pull(project, judge)
    assert found.n == 6
    assert found.value == pytest.approx((2 + 1 + 1 - 1 - 2 - 0) / 6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    counts = {
        name: found.detail[name] for name in ("n_disagreed", "n_adopted", "n_agreed", "n_left", "n_traces")
    }
    assert counts == {"n_disagreed": 3, "n_adopted": 2, "n_agreed": 3, "n_left": 1, "n_traces": 3}


def test_a_reading_that_was_blind_throughout_takes_no_part(project: Project) -> None:
    judge = a_rater(project, RaterKind.JUDGE, "judge/one")
    set_labelling(project, shows_reference=False, reveals_prelabels=False)
    trace = a_trace(project, n_steps=1)
    a_label(judge, trace.steps.get(), "bad")
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    assert submit_sheet(held, held.token, [Said(a_criterion(project).pk, 0, "good")]).counts
    measure_project(project, resamples=20)
    assert not Estimate.objects.filter(name="anchoring").exists()


def test_nobody_moved_is_a_pull_of_nothing(project: Project) -> None:
    judge = a_rater(project, RaterKind.JUDGE, "judge/one")
    for _ in range(3):
        read(project, judge, says="bg", before="gg", after="gg")
    found = pull(project, judge)
    assert (found.value, found.low, found.high, found.n) == (0.0, 0.0, 0.0, 6)
