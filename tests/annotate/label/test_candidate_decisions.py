"""Reviewers decide about the texts that are given for a step, one by one."""

from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import CandidateKind, Role
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.label.answers import Said
from annotate.label.decisions import decide, decisions_on
from annotate.label.history import events_at, marks_of
from annotate.label.review import Matter, review_of
from annotate.label.review_queue import Show, review_queue
from annotate.models import Assignment, Candidate, Criterion, Label, Project, Trace, Turn
from tests.annotate.assign.queues import read
from tests.factories import a_candidate, a_criterion, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def trace() -> Trace:
    """Ann and Ben differ about the second of two alternatives to the first step."""
    project = a_project(overlap=2, carol=Role.REVIEWER)
    use_rubric(project, create_from_preset(project, "prm800k-walk"))
    trace = a_trace(project, n_steps=2)
    first, second = (a_candidate(trace.steps.get(position=0)) for _ in range(2))
    a_candidate(trace.steps.get(position=0), kind=CandidateKind.CRITIQUE)
    question = asked(project)
    for name, value in (("ann", "good"), ("ben", "bad")):
        rater = a_rater(project, name=name)
        Label.objects.create(rater=rater, criterion=question, candidate=first, value="good")
        Label.objects.create(rater=rater, criterion=question, candidate=second, value=value)
    return trace


def asked(project: Project) -> Criterion:
    return a_criterion(project, "alternative-verdict")


def about(trace: Trace, position: int) -> Candidate:
    return Candidate.objects.get(step__trace=trace, kind=CandidateKind.ALTERNATIVE, position=position)


def matters(trace: Trace) -> list[Matter]:
    return [one for one in review_of(trace).matters if one.candidate is not None]


def test_every_text_that_people_rate_is_a_matter_of_its_own(trace: Trace) -> None:
    assert [(one.candidate, one.is_open) for one in matters(trace)] == [
        (about(trace, 0), False),
        (about(trace, 1), True),
    ]
    [row] = review_queue(trace.project)
    assert (row.trace_id, row.n_disputed, row.n_open) == (trace.pk, 1, 1)


def test_a_decision_about_a_text_stands_with_its_reason_and_history(trace: Trace) -> None:
    question, text = asked(trace.project), about(trace, 1)
    [refused] = decide(trace, a_person("carol"), [Said(question.pk, None, "neutral", candidate=text.pk)])
    assert refused.refusal is not None
    assert refused.refusal.field == f"reason-{question.pk}-c{text.pk}"
    decide(trace, a_person("carol"), [Said(question.pk, None, "bad", "It skips a case.", candidate=text.pk)])
    [label] = decisions_on(trace)
    assert (label.candidate, label.value, label.text) == (text, "bad", "It skips a case.")
    assert len(label.evidence["between"]) == 2
    assert review_queue(trace.project) == []
    assert [row.n_disputed for row in review_queue(trace.project, show=Show.DECIDED)] == [1]
    events = events_at(marks_of(trace, position=0), review_of(trace))
    assert events[-1].what == "decided"
    assert events[-1].criterion.endswith(", alternative 2")
    decide(trace, a_person("carol"), [Said(question.pk, None, is_cleared=True, candidate=text.pk)])
    assert decisions_on(trace) == []


def test_a_question_and_a_text_must_belong_together(trace: Trace) -> None:
    question, carol = asked(trace.project), a_person("carol")
    critique = Candidate.objects.get(kind=CandidateKind.CRITIQUE)
    elsewhere = a_candidate(a_trace(trace.project).steps.get(position=0))
    step_question = a_criterion(trace.project, "verdict")
    for said in (
        Said(question.pk, None, "bad", "No.", candidate=critique.pk),
        Said(question.pk, None, "bad", "No.", candidate=elsewhere.pk),
        Said(question.pk, None, "bad", "No."),
        Said(question.pk, 0, "bad", "No."),
        Said(step_question.pk, None, "bad", "No.", candidate=about(trace, 0).pk),
    ):
        [written] = decide(trace, carol, [said])
        assert written.refusal is not None
        assert written.refusal.field == "candidate"


def test_the_turn_knows_whether_everything_is_decided() -> None:
    project = a_project(overlap=2, bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    trace = a_trace(project, n_steps=2)
    for name, value in (("ann", "good"), ("ben", "bad")):
        rater = a_rater(project, name=name)
        for step in trace.steps.all():
            Label.objects.create(rater=rater, criterion=a_criterion(project), step=step, value=value)
    fill_queue(project)
    carol, question = a_person("carol"), a_criterion(project).pk

    def is_settled() -> bool | None:
        return Turn.objects.get(trace=trace).is_settled

    assert is_settled() is None
    decide(trace, carol, [Said(question, 0, "good")])
    assert is_settled() is False
    decide(trace, carol, [Said(question, 1, "good")])
    assert is_settled() is True
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert isinstance(held, Assignment)
    read(held)
    assert is_settled() is False
    decide(trace, carol, [Said(question, 0, is_cleared=True), Said(question, 1, is_cleared=True)])
    assert is_settled() is None
