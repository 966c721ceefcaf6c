from __future__ import annotations

import pytest

from annotate.assign import actions
from annotate.assign.actions import release_assignment, skip_assignment
from annotate.assign.readers import lower_cursors, reset_cursors, seat_of
from annotate.assign.rules import QueueRules
from annotate.enums import AssignmentState, Role
from annotate.models import Assignment, Reader
from tests.annotate.assign.queues import a_queue, person, read, read_next, reader_of, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor moves with every claim."""
    monkeypatch.setattr(actions, "CURSOR_EVERY", 0)


def test_a_cursor_follows_the_reader_and_steps_over_nothing(eager: None) -> None:
    project = a_queue(n_traces=4, overlap=2)
    bob = person(project, "bob")
    for _ in range(3):
        read_next(project, bob)
    last = taken(project, bob)
    assert reader_of(bob).cursor == last.position
    assert not Assignment.objects.filter(state=AssignmentState.OPEN, position__lt=last.position).exclude(
        trace__assignments__holder=bob
    )


def test_a_slot_given_back_before_a_cursor_is_found_again(eager: None) -> None:
    project = a_queue(n_traces=3)
    bob, carol = person(project, "bob"), person(project, "carol")
    early = taken(project, bob)
    read_next(project, carol)
    assert reader_of(carol).cursor > early.position
    release_assignment(early, early.token)
    assert reader_of(carol).cursor == early.position
    assert taken(project, carol).trace_id == early.trace_id


def test_a_skipped_trace_goes_to_others_whose_cursor_had_passed_it(eager: None) -> None:
    project = a_queue(n_traces=3)
    bob, carol = person(project, "bob"), person(project, "carol")
    early = taken(project, bob)
    read_next(project, carol)
    skip_assignment(early, early.token)
    assert taken(project, carol).trace_id == early.trace_id


def test_empty_is_said_only_after_looking_before_the_cursor() -> None:
    project = a_queue(n_traces=2)
    bob = person(project, "bob")
    held = taken(project, bob)
    read(held)
    Reader.objects.filter(rater=bob).update(cursor=2**61)
    again = taken(project, bob)
    assert reader_of(bob).cursor == again.position


def test_lowering_never_raises_and_resetting_starts_over() -> None:
    project = a_queue()
    bob, carol = person(project, "bob"), person(project, "carol")
    Reader.objects.create(project=project, rater=bob, cursor=5, cursor_moved_at=9)
    Reader.objects.create(project=project, rater=carol, cursor=50, cursor_moved_at=9)
    lower_cursors(project, 20)
    assert [reader_of(rater).cursor for rater in (bob, carol)] == [5, 20]
    assert reader_of(carol).cursor_moved_at == 0
    reset_cursors(project)
    assert set(Reader.objects.values_list("cursor", flat=True)) == {0}


def test_a_seat_knows_the_membership_only_where_the_rules_ask() -> None:
    project = a_queue()
    bob = person(project, "bob")
    assert seat_of(bob, QueueRules()).role is None
    assert seat_of(bob, QueueRules(exam_size=1)).role == Role.ANNOTATOR
    assert not Reader.objects.exists()
