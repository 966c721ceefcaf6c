from __future__ import annotations

import pytest
from django.utils import timezone

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.consensus.actions import run_consensus
from annotate.enums import Purpose, RaterKind, Role
from annotate.label import long_queue
from annotate.label.answers import Said
from annotate.label.decisions import decide
from annotate.label.review import review_of
from annotate.label.review_queue import Order, Show, next_in, nothing_because, review_queue
from annotate.models import Assignment, Project, Rater, Trace, Turn
from tests.annotate.label import desks
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db

LEVELS = {"g": "good", "b": "bad", "u": "unsure"}


@pytest.fixture
def project() -> Project:
    return a_project(overlap=2, carol=Role.REVIEWER)


@pytest.fixture
def readers(project: Project) -> list[Rater]:
    return [a_rater(project, name=name) for name in ("ann", "ben")]


def read(readers: list[Rater], *values: str) -> Trace:
    trace = a_trace(readers[0].project, n_steps=len(values[0]))
    for rater, letters in zip(readers, values, strict=True):
        for step, letter in zip(trace.steps.all(), letters, strict=True):
            if letter != "-":
                a_label(rater, step, LEVELS[letter])
    return trace


def test_most_disagreement_first_and_agreement_not_at_all(project, readers):
    one = read(readers, "ggg", "ggb")
    read(readers, "ggg", "ggg")
    two = read(readers, "gbg", "bgg")
    a_label(a_rater(project, RaterKind.JUDGE), one.steps.first(), "bad")
    rows = review_queue(project)
    assert [(row.trace_id, row.n_disputed, row.n_open) for row in rows] == [(two.pk, 2, 2), (one.pk, 1, 1)]


def test_what_is_decided_moves_over_and_a_taking_back_moves_it_again(project, readers):
    trace = read(readers, "gb", "bg")
    verdict, carol = a_criterion(project), a_person("carol")
    decide(trace, carol, [Said(verdict.pk, 0, "bad")])
    assert [(row.n_disputed, row.n_open) for row in review_queue(project)] == [(2, 1)]
    decide(trace, carol, [Said(verdict.pk, 1, "bad")])
    assert review_queue(project) == []
    assert [row.trace_id for row in review_queue(project, show=Show.DECIDED)] == [trace.pk]
    decide(trace, carol, [Said(verdict.pk, 1, is_cleared=True)])
    assert [row.n_open for row in review_queue(project)] == [1]


def test_the_order_may_follow_what_consensus_asks(project, readers):
    much = read(readers, "gbu", "bgg")
    little = read(readers, "gguu", "ggub")
    run = run_consensus(project, policy="majority", settings={"min_votes": 2, "stops_at_first_error": False})
    by_ask = review_queue(project, order=Order.ASK, run=run)
    asked = {row.trace_id: row.n_asked for row in by_ask}
    assert asked == {much.pk: 3, little.pk: 2}
    assert [row.trace_id for row in by_ask] == [much.pk, little.pk]
    assert all(row.n_asked == 0 for row in review_queue(project, order=Order.ASK))


def test_one_question_at_a_time(project, readers):
    trace = read(readers, "g", "g")
    assert project.rubric is not None
    verdict, other = a_criterion(project), a_criterion(project, "recoverable")
    assert review_queue(project, criterion=verdict) == []
    for rater, value in zip(readers, ("good", "bad"), strict=True):
        a_label(rater, trace.steps.get(), value, criterion_key="recoverable")
    assert [row.trace_id for row in review_queue(project, criterion=other)] == [trace.pk]
    # A question that is not put to people is nobody's to decide.
    assert review_queue(project) == []


def test_disagreement_about_the_whole_trace_counts(project, readers):
    criterion = a_criterion(project)
    type(project.rubric).objects.filter(pk=project.rubric_id).update(is_frozen=False)
    type(criterion).objects.filter(pk=criterion.pk).update(scope="trace")
    trace = a_trace(project)
    for rater, value in zip(readers, ("good", "bad"), strict=True):
        rater.labels.create(criterion=criterion, trace=trace, value=value)
    assert [(row.trace_id, row.n_open) for row in review_queue(project)] == [(trace.pk, 1)]


def test_in_a_very_large_project_one_that_is_decided_in_part_stays_in_reach(project, readers, monkeypatch):
    monkeypatch.setattr(long_queue, "MOST_READ", 0)
    monkeypatch.setattr(long_queue, "WINDOW", 1)
    monkeypatch.setattr(long_queue, "MOST_LOOKED_AT", 2)
    verdict, carol = a_criterion(project), a_person("carol")
    partly, *done = (read(readers, "gb", "bg") for _ in range(3))
    worse = read(readers, "gg", "bb")
    fill_queue(project)
    Turn.objects.update(disagreement=0.5)
    Turn.objects.filter(trace=worse).update(disagreement=0.4)
    Assignment.objects.filter(slot=0).update(state="submitted", holder=readers[0], finished_at=timezone.now())
    decide(partly, carol, [Said(verdict.pk, 0, "bad")])
    for trace in done:
        decide(trace, carol, [Said(verdict.pk, 0, "bad"), Said(verdict.pk, 1, "bad")])
    # Two were decided since, and those that are all decided stand before no other.
    assert [row.trace_id for row in review_queue(project)] == [worse.pk, partly.pk]
    decide(partly, carol, [Said(verdict.pk, 1, "bad")])
    assert [row.trace_id for row in review_queue(project)] == [worse.pk]


def test_the_next_trace_is_the_following_one_that_the_reviewer_does_not_read(project, readers):
    second, first, third = (read(readers, letters, "ggg") for letters in ("bbg", "bbb", "bgg"))
    queue = review_queue(project)
    carol = a_person("carol")
    assert next_in(queue, first, carol) == second.pk
    assert next_in(queue, third, carol) is None
    fill_queue(project)
    held = claim_next(project, rater_of(project, carol))
    assert held is not None
    assert held.trace == second
    assert next_in(queue, first, carol) == third.pk


def test_why_nothing_waits_is_said_exactly(project, readers):
    assert nothing_because(project) == "The project has no traces yet."
    trace = a_trace(project, n_steps=1)
    fill_queue(project)
    claim_next(project, rater_of(project, a_person("alice")))
    told = nothing_because(project)
    assert "1 trace is on somebody's desk, 1 waits in the queue" in told
    ann, ben = readers
    a_label(ann, trace.steps.get(), "good")
    assert "No step has two readings yet" in nothing_because(project)
    a_label(ben, trace.steps.get(), "good")
    assert nothing_because(project) == "People agree at the one place that two or more of them have answered."
    other = read(readers, "g", "b")
    decide(other, a_person("carol"), [Said(a_criterion(project).pk, 0, "bad")])
    assert nothing_because(project) == "The one disagreement is decided."
    project.rubric = None
    assert "no rubric" in nothing_because(project)


def test_the_queue_costs_the_same_queries_for_one_trace_and_three(
    project, readers, django_assert_num_queries
):
    for _ in range(2):
        read(readers, "gb", "bg")
        review_queue(project)
        with django_assert_num_queries(7):
            review_queue(project)
        read(readers, "gb", "bg")


def test_readings_of_traces_with_a_known_answer_are_nobodys_to_decide():
    project = desks.a_shared_project()
    for name, letters in (("bob", "gb"), ("dora", "gg")):
        reading = desks.read(project, name, letters)
    assert len(review_queue(project)) == 1
    reading.trace.assignments.update(purpose=Purpose.GOLD)
    assert review_queue(project) == []
    assert review_of(reading.trace).n_disputed == 0
