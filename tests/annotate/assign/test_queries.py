from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotate.assign.actions import claim_next, fill_queue, rater_of, skip_assignment
from annotate.assign.policy import Standing
from annotate.assign.queries import desk_of, queue_counts, queue_state, reader_progress
from annotate.enums import Role
from annotate.models import Assignment
from annotate.models.counting import Bounded
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next
from tests.factories import a_person, a_project, a_trace

pytestmark = pytest.mark.django_db


def test_queue_state_walks_from_no_traces_to_done() -> None:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    bob, carol = (rater_of(project, a_person(name)) for name in ("bob", "carol"))
    assert queue_state(project, bob).standing is Standing.NO_TRACES
    a_trace(project)
    assert queue_state(project, bob).standing is Standing.NOT_FILLED
    fill_queue(project)
    assert queue_state(project, None).standing is Standing.READY
    held = claim_next(project, bob)
    assert held is not None
    assert held.held_until is not None
    assert queue_state(project, bob).standing is Standing.HOLDING
    waiting = queue_state(project, carol)
    assert waiting.standing is Standing.HELD_BY_OTHERS
    assert waiting.next_free_at == held.held_until
    assert f"{held.held_until:%H:%M}" in waiting.explanation
    skip_assignment(held, held.token)
    assert queue_state(project, bob).standing is Standing.DONE_BY_YOU
    assert queue_state(project, carol).standing is Standing.READY


def test_queue_counts_do_not_want_skipped_slots() -> None:
    project = a_project(overlap=2)
    a_trace(project)
    fill_queue(project)
    held = claim_next(project, rater_of(project, a_person("bob")))
    assert held is not None
    skip_assignment(held, held.token)
    counts = queue_counts(project)
    assert (counts.open, counts.held, counts.submitted, counts.skipped, counts.wanted) == (2, 0, 0, 1, 2)
    assert [(r.name, r.submitted, r.skipped) for r in reader_progress(project, most=12)] == [("bob", 0, 1)]


def test_what_is_left_is_counted_to_a_bound_and_then_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project(overlap=1, bob=Role.ANNOTATOR)
    for _ in range(5):
        a_trace(project)
    fill_queue(project)
    bob = rater_of(project, a_person("bob"))
    read_next(project, bob)
    desk = desk_of(project, bob)
    assert (desk.n_submitted_by_you, str(desk.n_claimable), bool(desk.n_claimable)) == (1, "4", True)
    monkeypatch.setattr("annotate.assign.queries.COUNTED", 3)
    assert str(desk_of(project, bob).n_claimable) == "more than 3"
    assert not Bounded(0)
    assert float(Bounded(1)) == 1


def test_a_lapsed_slot_of_somebody_else_counts_as_one_to_go() -> None:
    project = a_project(bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    a_trace(project)
    fill_queue(project)
    bob, carol = (rater_of(project, a_person(name)) for name in ("bob", "carol"))
    claim_next(project, bob)
    assert str(desk_of(project, carol).n_claimable) == "0"
    Assignment.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert str(desk_of(project, carol).n_claimable) == "1"
    assert queue_state(project, carol).standing is Standing.READY


@pytest.mark.parametrize("n_traces", [3, 30])
def test_the_desk_asks_two_queries_or_three_whatever_the_queue_holds(
    django_assert_max_num_queries: DjangoAssertNumQueries, n_traces: int
) -> None:
    project = a_queue(n_traces=n_traces)
    bob = person(project, "bob")
    read_next(project, bob)
    with django_assert_max_num_queries(3):
        desk_of(project, bob)


def test_an_exam_comes_first_and_is_announced() -> None:
    project = a_queue(exam_size=2)
    bob = person(project, "bob")
    assert queue_state(project, None).standing is Standing.EXAM
    assert queue_state(project, bob).standing is Standing.NO_EXAM
    for _ in range(2):
        a_gold_trace(project, "exam")
    state = queue_state(project, bob)
    assert (state.standing, state.is_empty) == (Standing.EXAM, False)
    assert state.detail == "0 of 2 exam traces read; 80% right opens the queue."
