from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.assign.manage.actions import pause_reader
from annotate.assign.manage.queries import LATEST, Pace, exam_said, overview_of, people_page
from annotate.assign.rules import QueueRules
from annotate.models import Assignment, Project, Reader
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next, taken
from tests.factories import a_person

pytestmark = pytest.mark.django_db


def test_the_overview_says_who_holds_what_and_how_each_does() -> None:
    project = a_queue(n_traces=4, gold_rate=0.5)
    a_gold_trace(project, "gold", ("good", "bad", "good"))
    bob, carol = person(project, "bob"), person(project, "carol")
    for _ in range(2):
        read_next(project, bob, seconds=6)
    held = taken(project, carol)
    pause_reader(project, bob, "a word first")

    seen = overview_of(project)

    assert (seen.counts.submitted, seen.n_gold_read, seen.uses) == (1, 1, {"gold": 1})
    assert (seen.set_apart, seen.n_exam) == ("1 hidden gold", 0)
    (holding,) = seen.holdings
    assert (holding.name, holding.trace, holding.has_lapsed) == ("carol", held.trace.external_id, False)
    told = {one.name: one for one in people_page(project).people}
    assert (told["bob"].seconds_per_step, told["bob"].n_gold) == (6, 1)
    assert told["bob"].gold_score == pytest.approx(2 / 3)
    assert (told["carol"].seconds_per_step, told["carol"].gold_score) == (None, None)
    assert seen.n_paused == 1


def test_the_pace_is_taken_over_the_shortest_window_that_holds_enough() -> None:
    project = a_queue(n_traces=12)
    bob = person(project, "bob")
    for _ in range(6):
        read_next(project, bob)
    pace = overview_of(project).pace
    assert (pace.submitted, pace.hours, pace.left) == (6, 1, 6)
    assert pace.hours_left == 1
    Assignment.objects.filter(state="submitted").update(finished_at=timezone.now() - timedelta(hours=3))
    pace = overview_of(project).pace
    assert (pace.submitted, pace.hours, pace.hours_left) == (6, 24, 24)
    Assignment.objects.filter(state="submitted").update(finished_at=timezone.now() - timedelta(days=30))
    assert overview_of(project).pace.hours_left is None
    assert Pace(0, 1, 5).ends_at is None


def test_a_few_readings_are_no_pace() -> None:
    project = a_queue(n_traces=12)
    bob = person(project, "bob")
    for _ in range(4):
        read_next(project, bob)
    pace = overview_of(project).pace
    assert (pace.submitted, pace.hours_left) == (4, None)


def test_the_overview_asks_as_often_for_three_people_as_for_one() -> None:
    project = a_queue(n_traces=9)

    def queries(project: Project) -> int:
        with CaptureQueriesContext(connection) as captured:
            overview_of(project)
            people_page(project)
        return len(captured)

    read_next(project, person(project, "bob"))
    with_one = queries(project)
    for name in ("carol", "dan"):
        a_person(name)
        read_next(project, person(project, name))
    assert queries(project) == with_one


def test_an_exam_is_told_in_words() -> None:
    reader = Reader(exam="failed", exam_score=0.5)
    assert exam_said(reader, QueueRules(exam_size=3)) == "Not passed, 50% right"
    assert exam_said(Reader(), QueueRules(exam_size=3)) == "Not taken yet"
    assert exam_said(reader, QueueRules()) == ""


def test_a_persons_numbers_are_over_their_own_latest_readings() -> None:
    project = a_queue(n_traces=LATEST + 6)
    bob, carol = person(project, "bob"), person(project, "carol")
    read_next(project, carol, seconds=9)
    for number in range(LATEST + 3):
        read_next(project, bob, seconds=100 if number < 3 else 2)
    told = {one.name: one for one in people_page(project).people}
    assert (told["bob"].seconds_per_step, told["carol"].seconds_per_step) == (2, 9)
    Assignment.objects.filter(holder=carol).update(finished_at=timezone.now() - timedelta(days=31))
    (bob_now, carol_now) = people_page(project).people
    assert (bob_now.seconds_per_step, carol_now.seconds_per_step) == (2, None)
    assert carol_now.last_at is not None


def test_people_come_a_page_at_a_time_by_name() -> None:
    project = a_queue()
    for name in ("zoe", "ann", "bob", "carol", "dan"):
        person(project, name)
    first = people_page(project, size=3)
    assert [one.name for one in first.people] == ["ann", "bob", "carol"]
    second = people_page(project, after=first.next_after, size=3)
    assert ([one.name for one in second.people], second.next_after) == (["dan", "zoe"], "")
    assert people_page(project, after="zoe").people == []
