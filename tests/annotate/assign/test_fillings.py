from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotate.assign import fillings
from annotate.assign.actions import fill_queue
from annotate.assign.fillings import (
    ask_filling,
    begin_filling,
    cancel_filling,
    filling_of,
    left_alone,
    progress_of,
    resume_filling,
    work_filling,
)
from annotate.assign.manage.actions import change_rules
from annotate.assign.rules import QueueRules
from annotate.enums import FillingStage, RunState
from annotate.errors import Conflict
from annotate.models import Assignment, Filling, Project, Turn
from tests.annotate.assign.queues import a_queue, person, taken
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two traces at a time, and every project of more than two is a big one."""
    for name in ("filling.BATCH", "slots.BATCH", "fillings.BATCH", "fillings.SLOTS_BATCH"):
        monkeypatch.setattr(f"annotate.assign.{name}", 2)
    monkeypatch.setattr(fillings, "MOST_AT_ONCE", 2)


def a_corpus(n_traces: int, *, overlap: int = 1) -> Project:
    project = a_project(overlap=overlap)
    for _ in range(n_traces):
        a_trace(project)
    return project


def pieces(project: Project, n: int) -> Filling:
    """Work that stops after ``n`` pieces, as a worker does that is told to."""
    done = iter(range(1, n + 1))
    return work_filling(project, should_stop=lambda: next(done) == n)


def slots_of(project: Project) -> list[tuple[int, int, int]]:
    rows = Assignment.objects.filter(project=project).order_by("trace", "slot")
    return list(rows.values_list("trace_id", "slot", "position"))


def test_a_small_project_is_filled_at_once() -> None:
    filling = begin_filling(a_corpus(3, overlap=2), slots=True)
    assert (filling.state, filling.n_slots, filling.done) == (RunState.DONE, 6, filling.total)


@pytest.mark.usefixtures("small_pieces")
def test_a_big_project_waits_and_says_how_far_it_is() -> None:
    project = a_corpus(5, overlap=2)
    assert filling_of(project) is None
    assert begin_filling(project, slots=True).state == RunState.QUEUED
    waiting = filling_of(project)
    assert waiting is not None
    assert (waiting.is_waiting, waiting.done, waiting.total, waiting.eta_seconds) == (True, 0, 10, None)
    pieces(project, 4)
    under_way = filling_of(project)
    assert under_way is not None
    assert (under_way.stage, under_way.done, under_way.n_slots) == (FillingStage.SLOTS, 7, 4)
    assert under_way.eta_seconds is not None
    assert under_way.eta_seconds > 0
    work_filling(project)
    assert filling_of(project) is None
    assert len(slots_of(project)) == 10


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("stopped_after", range(1, 7))
def test_wherever_it_is_stopped_it_ends_as_if_it_had_not_been(stopped_after: int) -> None:
    project = a_corpus(5, overlap=2)
    ask_filling(project, slots=True)
    pieces(project, stopped_after)
    filling = work_filling(project)
    assert (filling.n_turns, filling.n_slots, filling.done) == (5, 10, 10)
    assert [slot for _, slot, _ in slots_of(project)] == [0, 1] * 5
    assert work_filling(project).state == RunState.DONE


@pytest.mark.usefixtures("small_pieces")
def test_a_piece_that_fails_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_corpus(5)
    ask_filling(project, slots=True)
    pieces(project, 4)

    def fail(*_: object) -> tuple[int, int, int]:
        Turn.objects.filter(project=project).update(skill="half")
        raise ValueError("a bad row")

    with monkeypatch.context() as patch:
        patch.setattr(fillings, "add_some_slots", fail)
        with pytest.raises(ValueError, match="a bad row"):
            work_filling(project)
    failed = filling_of(project)
    assert failed is not None
    assert (failed.state, failed.error, failed.n_slots) == (RunState.FAILED, "ValueError: a bad row", 2)
    assert not Turn.objects.filter(skill="half").exists()
    resume_filling(project)
    assert work_filling(project).n_slots == 5


@pytest.mark.usefixtures("small_pieces")
def test_a_busy_database_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_corpus(3)
    ask_filling(project, slots=True)

    def is_busy(*_: object) -> tuple[int, int]:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(fillings, "add_some_turns", is_busy)
        with pytest.raises(OperationalError):
            work_filling(project)
    assert work_filling(project).n_slots == 3


@pytest.mark.usefixtures("small_pieces")
def test_it_is_stopped_and_goes_on_where_it_ended() -> None:
    project = a_corpus(5)
    with pytest.raises(Conflict):
        cancel_filling(project)
    ask_filling(project, slots=True)
    pieces(project, 4)
    cancel_filling(project)
    assert work_filling(project).n_slots == 2
    stopped = filling_of(project)
    assert stopped is not None
    assert stopped.is_stopped
    resume_filling(project)
    assert work_filling(project).n_slots == 5
    with pytest.raises(Conflict):
        resume_filling(project)


@pytest.mark.usefixtures("small_pieces")
def test_asking_again_on_the_way_begins_again_and_makes_nothing_twice() -> None:
    project = a_corpus(5)
    ask_filling(project, slots=True)
    pieces(project, 4)
    Project.objects.filter(pk=project.pk).update(overlap=3)
    ask_filling(project, slots=True)
    assert work_filling(project).n_slots == 13
    assert [slot for _, slot, _ in slots_of(project)] == [0, 1, 2] * 5


@pytest.mark.usefixtures("small_pieces")
def test_a_stopped_order_is_taken_up_with_whatever_is_asked_next() -> None:
    project = a_corpus(5)
    fill_queue(project)
    assert change_rules(project, QueueRules(policy="random", seed=3), overlap=2, lease_minutes=30)
    pieces(project, 2)
    cancel_filling(project)
    filling = begin_filling(project, slots=True)
    assert (filling.wants_order, filling.wants_slots) == (True, True)
    work_filling(project)
    assert len(slots_of(project)) == 10
    assert_slots_stand_where_turns_do(project)


def assert_slots_stand_where_turns_do(project: Project) -> None:
    turns = dict(Turn.objects.filter(project=project).values_list("trace", "position"))
    assert all(turns[trace] == position for trace, _, position in slots_of(project))


@pytest.mark.usefixtures("small_pieces")
def test_nobody_meets_a_half_new_order() -> None:
    project = a_corpus(5)
    fill_queue(project)
    before = slots_of(project)
    assert change_rules(project, QueueRules(policy="random", seed=3), overlap=1, lease_minutes=30)
    filling = pieces(project, 3)
    assert filling.stage == FillingStage.MOVE
    assert slots_of(project) == before
    work_filling(project)
    assert slots_of(project) != before
    assert_slots_stand_where_turns_do(project)


@pytest.mark.usefixtures("small_pieces")
def test_another_order_asked_for_on_the_way_is_the_one_that_comes() -> None:
    project = a_corpus(5)
    fill_queue(project)
    change_rules(project, QueueRules(policy="random", seed=3), overlap=1, lease_minutes=30)
    seen = iter(range(1, 10))

    def change_once(_: Filling) -> None:
        if next(seen) == 2:
            change_rules(project, QueueRules(policy="gold_mix"), overlap=1, lease_minutes=30)

    work_filling(project, show=change_once)
    shares = Turn.objects.filter(project=project).order_by("trace").values_list("share", flat=True)
    assert list(shares) == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert_slots_stand_where_turns_do(project)


@pytest.mark.usefixtures("small_pieces")
def test_new_traces_among_evenly_spread_ones_move_those_that_were_there() -> None:
    project = a_queue(n_traces=3, policy="gold_mix")
    for _ in range(2):
        a_trace(project)
    fill_queue(project)
    shares = Turn.objects.filter(project=project).order_by("trace").values_list("share", flat=True)
    assert list(shares) == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])
    assert_slots_stand_where_turns_do(project)


def test_people_go_on_meanwhile(small_pieces: None) -> None:
    project = a_corpus(5)
    ask_filling(project, slots=True)
    pieces(project, 4)
    held = taken(project, person(project, "bob"))
    work_filling(project)
    assert len(slots_of(project)) == 5
    held.refresh_from_db()
    assert held.state == "held"


def test_what_its_worker_has_left_is_found() -> None:
    project = a_corpus(2)
    ask_filling(project, slots=True)
    assert not left_alone(timedelta(seconds=5)).exists()
    Filling.objects.update(asked_at=timezone.now() - timedelta(seconds=6))
    assert left_alone(timedelta(seconds=5)).get().project == project
    Filling.objects.update(touched_at=timezone.now(), state=RunState.RUNNING)
    assert not left_alone(timedelta(seconds=5)).exists()
    Filling.objects.update(touched_at=timezone.now() - timedelta(minutes=1))
    assert left_alone(timedelta(seconds=5)).exists()
    assert progress_of(Filling.objects.get()).is_left_alone
    work_filling(project)
    assert not left_alone(timedelta(0)).exists()
