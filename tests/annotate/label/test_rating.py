from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.assign.returning import return_assignment
from annotate.enums import CandidateKind, Role, Scope
from annotate.ingest.founding import create_rubric, use_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.label.actions import save_answers, submit_sheet
from annotate.label.answers import Said
from annotate.label.rating import candidates_for
from annotate.label.returns import _changes
from annotate.models import Assignment, Label, Project
from tests.factories import a_candidate, a_criterion, a_person, a_project, a_trace

pytestmark = pytest.mark.django_db

HELPFUL = CriterionPreset(
    key="helpful",
    title="Helpful",
    description="Does the critique find what is wrong?",
    levels=(LevelPreset("yes", "Yes", hotkey="1"), LevelPreset("no", "No", hotkey="2", needs_text=True)),
    scope=Scope.CANDIDATE,
    candidate_kind=CandidateKind.CRITIQUE,
)


@pytest.fixture
def held() -> Assignment:
    """A trace of two steps with two critiques of the first, and nothing asked but what they are worth."""
    project = a_project(bob=Role.ANNOTATOR)
    use_rubric(project, create_rubric(project, name="Critiques", criteria=[HELPFUL]))
    trace = a_trace(project, n_steps=2)
    for _ in range(2):
        a_candidate(trace.steps.get(position=0), kind=CandidateKind.CRITIQUE)
    a_candidate(trace.steps.get(position=1))
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    return held


def ratings(held: Assignment, *said: tuple[int, str, str]) -> list[Said]:
    criterion = a_criterion(Project.objects.get(pk=held.project_id), "helpful").pk
    texts = list(held.trace.steps.get(position=0).candidates.order_by("position"))
    return [Said(criterion, None, value, text, 2.0, candidate=texts[at].pk) for at, value, text in said]


def test_a_step_is_done_when_each_of_its_texts_is_rated_and_reasoned(held: Assignment) -> None:
    assert submit_sheet(held, held.token, ratings(held, (0, "yes", ""))).problem is not None
    unreasoned = submit_sheet(held, held.token, ratings(held, (1, "no", "")))
    assert unreasoned.problem is not None
    assert unreasoned.problem.field == "step-0"
    assert submit_sheet(held, held.token, ratings(held, (1, "no", "It is about another step."))).counts
    assert set(Label.objects.counted().values_list("candidate__position", "value")) == {(0, "yes"), (1, "no")}


def test_time_spent_on_the_texts_of_a_step_is_time_spent_on_the_step(held: Assignment) -> None:
    assert submit_sheet(held, held.token, ratings(held, (0, "yes", ""), (1, "yes", ""))).counts
    held.refresh_from_db()
    assert held.seconds_per_step == 4.0


def test_what_changed_after_a_sending_back_is_told_text_by_text(held: Assignment) -> None:
    assert submit_sheet(held, held.token, ratings(held, (0, "yes", ""), (1, "yes", ""))).counts
    return_assignment(held)
    sent = timezone.now()
    again = claim_next(held.project, rater_of(held.project, a_person("bob")))
    assert again is not None
    save_answers(again, again.token, ratings(again, (1, "no", "Beside the point.")))
    rows = Label.objects.filter(assignment=again).select_related("criterion", "step", "candidate__step")
    [change] = _changes(list(rows.order_by("pk")), sent, sent + timedelta(hours=1))
    assert (change.position, change.before, change.after) == (0, "yes", "no")
    assert change.criterion == "Helpful, critique 2"


def test_texts_are_read_only_where_they_are_asked_about(
    held: Assignment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    criteria = [a_criterion(held.project, "helpful")]
    with django_assert_num_queries(1):
        found = candidates_for(held.trace_id, criteria, with_texts=False)
        assert [one.kind for one in found] == [CandidateKind.CRITIQUE] * 2
    with django_assert_num_queries(0):
        assert candidates_for(held.trace_id, []) == ()
