"""Changes of many traces: in pieces where they are many, and exact wherever it was stopped."""

from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue
from annotate.assign.fillings import ask_filling, cancel_filling, filling_of, resume_filling, work_filling
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.enums import FillingStage, RunState
from annotate.errors import Conflict, Rejected
from annotate.models import Assignment, Filling, LogEntry, Project, Turn
from tests.annotate.assign.queues import a_queue, person, read_next

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two traces at a time, and more than two are many."""
    monkeypatch.setattr("annotate.assign.manage.pieces.PIECE", 2)
    monkeypatch.setattr("annotate.assign.fillings.PIECE", 2)
    monkeypatch.setattr("annotate.assign.manage.changes.MOST_AT_ONCE", 2)


def pieces(project: Project, n: int) -> Filling:
    done = iter(range(1, n + 1))
    return work_filling(project, should_stop=lambda: next(done) == n)


def test_many_wait_for_a_worker_and_nothing_happens_before() -> None:
    project = a_queue(n_traces=5)
    changed = change_traces(project, TraceFilter(), Change("use", use="withdrawn"), count=5)
    assert (changed.count, changed.is_left) == (5, True)
    waiting = filling_of(project)
    assert waiting is not None
    assert (waiting.is_change, waiting.is_waiting, waiting.total) == (True, True, 5)
    assert set(Turn.objects.values_list("use", flat=True)) == {"work"}
    assert pieces(project, 1).done == 2
    assert Turn.objects.filter(use="withdrawn").count() == 2
    assert work_filling(project).state == RunState.DONE
    assert Turn.objects.filter(use="withdrawn").count() == 5
    assert claim_next(project, person(project, "bob")) is None
    assert LogEntry.objects.filter(noun="use of traces").count() == 1


def test_few_are_changed_at_once_although_many_wait() -> None:
    project = a_queue(n_traces=5)
    change_traces(project, TraceFilter(), Change("priority", priority=3), count=5)
    name = Turn.objects.latest("trace").trace.external_id
    few = TraceFilter(search=name)
    assert not change_traces(project, few, Change("priority", priority=9), count=1).is_left
    assert Turn.objects.latest("trace").priority == 9
    with pytest.raises(Conflict, match="Let that come to its end first"):
        change_traces(project, TraceFilter(), Change("priority", priority=1), count=5)


def test_stopped_it_goes_on_where_it_was_and_adds_no_slot_twice() -> None:
    project = a_queue(n_traces=5)
    change_traces(project, TraceFilter(), Change("add_slots", slots=2), count=5)
    assert pieces(project, 2).done == 4
    cancel_filling(project)
    assert Assignment.objects.filter(project=project).count() == 5 + 4 * 2
    resume_filling(project)
    assert work_filling(project).n_changed == 5
    assert Assignment.objects.filter(project=project).count() == 5 + 5 * 2


def test_filling_and_a_new_order_come_first_and_forget_no_change() -> None:
    project = a_queue(n_traces=5)
    change_traces(project, TraceFilter(), Change("priority", priority=7), count=5)
    pieces(project, 1)
    filling = ask_filling(project, slots=True, order=True)
    assert (filling.stage, filling.total) == (FillingStage.TURNS, 5 + 5 + 3)
    assert work_filling(project).state == RunState.DONE
    assert set(Turn.objects.values_list("priority", flat=True)) == {7}
    assert fill_queue(project) == 0
    assert filling_of(project) is None


def test_what_has_left_the_filter_meanwhile_is_left_alone() -> None:
    project = a_queue(n_traces=4)
    unread = TraceFilter(state="unread")
    change_traces(project, unread, Change("priority", priority=7), count=4)
    read = read_next(project, person(project, "bob"))
    work_filling(project)
    assert set(Turn.objects.exclude(trace=read.trace_id).values_list("priority", flat=True)) == {7}
    assert Turn.objects.get(trace=read.trace_id).priority == 0


def test_what_is_in_the_way_of_one_is_found_before_anything_is_done() -> None:
    project = a_queue(n_traces=4)
    with pytest.raises(Rejected, match="4 of these traces have no gold labels"):
        change_traces(project, TraceFilter(), Change("use", use="gold"), count=4)
    with pytest.raises(Rejected, match="more than 20 times"):
        change_traces(project, TraceFilter(), Change("add_slots", slots=20), count=4)
    assert filling_of(project) is None


def test_open_slots_follow_their_turns_piece_by_piece() -> None:
    project = a_queue(n_traces=5)
    last = Turn.objects.latest("trace")
    change_traces(project, TraceFilter(), Change("priority", priority=3), count=5)
    work_filling(project)
    for turn in Turn.objects.all():
        assert set(turn.trace.assignments.values_list("position", flat=True)) == {turn.position}
    assert last.position != Turn.objects.get(pk=last.pk).position
