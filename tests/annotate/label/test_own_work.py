from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotate.assign.returning import return_assignment
from annotate.enums import AssignmentState, Role
from annotate.label.own_work import Done, OwnProject, days_in_a_row, lately_of, own_work
from annotate.models import Assignment, Project
from tests.annotate.assign.queues import STEPS, a_gold_trace, a_queue, person, read_next, taken
from tests.factories import a_person, a_project

BERLIN, HONOLULU = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Honolulu")
# A Wednesday; 2026-11-23 was its Monday.
WEDNESDAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def days(*before: int) -> set[date]:
    return {WEDNESDAY - timedelta(days=n) for n in before}


@pytest.mark.parametrize(
    ("worked", "expected"),
    [
        (days(), 0),
        (days(0), 1),
        (days(1), 1),  # today is not over
        (days(2), 0),  # Tuesday was missed
        (days(0, 1, 2), 3),
        (days(0, 1, 2, 5), 4),  # Friday; the weekend between is off
        (days(0, 1, 2, 4, 5), 5),  # a Saturday with work counts
        (days(0, 1, 2, 6), 3),  # Friday was missed
        (days(3), 0),  # only a Sunday, then two days off
    ],
)
def test_days_in_a_row(worked: set[date], expected: int) -> None:
    assert days_in_a_row(worked, WEDNESDAY) == expected


def test_a_weekend_under_way_breaks_nothing() -> None:
    saturday, friday = date(2026, 11, 28), date(2026, 11, 27)
    assert days_in_a_row({friday}, saturday) == 1
    assert days_in_a_row({friday}, saturday + timedelta(days=1)) == 1
    assert days_in_a_row({friday}, saturday + timedelta(days=2)) == 1
    assert days_in_a_row({friday}, saturday + timedelta(days=3)) == 0


def finish(slot: Assignment, at: datetime) -> None:
    Assignment.objects.filter(pk=slot.pk).update(finished_at=at)


def own_project(project: Project, name: str = "bob") -> OwnProject:
    work = own_work(a_person(name), now=NOW, zone=BERLIN)
    return next(one for one in work.projects if one.project == project)


@pytest.mark.django_db
def test_a_day_is_the_persons_own() -> None:
    project = a_queue(n_traces=3)
    bob = person(project, "bob")
    for at in ("2026-11-24T23:30+00:00", "2026-11-25T10:30+00:00", "2026-11-22T23:30+00:00"):
        finish(read_next(project, bob), datetime.fromisoformat(at))
    in_berlin = lately_of(a_person("bob"), now=NOW, zone=BERLIN)
    # Half past midnight on Wednesday and on Monday there; Tuesday and Sunday afternoon on Hawaii.
    assert (in_berlin.today, in_berlin.week) == (Done(2, 2 * STEPS), Done(3, 3 * STEPS))
    assert in_berlin.days_in_a_row == 1
    in_honolulu = lately_of(a_person("bob"), now=NOW, zone=HONOLULU)
    assert (in_honolulu.today, in_honolulu.week) == (Done(1, STEPS), Done(2, 2 * STEPS))
    assert in_honolulu.days_in_a_row == 2


@pytest.mark.django_db
def test_a_day_has_25_hours_when_the_clocks_go_back() -> None:
    project = a_queue(n_traces=2)
    bob = person(project, "bob")
    for at in ("2026-10-24T22:10+00:00", "2026-10-25T22:50+00:00"):
        finish(read_next(project, bob), datetime.fromisoformat(at))
    late = datetime.fromisoformat("2026-10-25T22:55+00:00")
    assert lately_of(a_person("bob"), now=late, zone=BERLIN).today == Done(2, 2 * STEPS)


@pytest.mark.django_db
def test_days_in_a_row_are_not_counted_for_whoever_does_not_want_it() -> None:
    project = a_queue()
    finish(read_next(project, person(project, "bob")), NOW)
    bob = a_person("bob")
    assert lately_of(bob, now=NOW, zone=BERLIN).days_in_a_row == 1
    bob.shows_streak = False
    assert lately_of(bob, now=NOW, zone=BERLIN).days_in_a_row == 0


@pytest.mark.django_db
def test_the_pace_is_the_median_of_timed_steps_and_needs_some() -> None:
    project = a_queue(n_traces=4)
    bob = person(project, "bob")
    for seconds in (2.0, 4.0, 8.0):
        finish(read_next(project, bob, seconds=seconds), NOW - timedelta(hours=1))
    assert own_project(project).pace == type(own_project(project).pace)(None, 9)
    finish(read_next(project, bob, seconds=8.0), NOW - timedelta(hours=1))
    assert (own_project(project).pace.seconds, own_project(project).pace.n_steps) == (6.0, 12)
    Assignment.objects.update(finished_at=NOW - timedelta(days=8))
    assert own_project(project).pace.n_steps == 0


@pytest.mark.django_db
def test_steps_answered_in_no_time_and_other_peoples_are_no_part_of_a_pace() -> None:
    project = a_queue(n_traces=5, overlap=2)
    bob, carol = person(project, "bob"), person(project, "carol")
    for _ in range(4):
        finish(read_next(project, bob, seconds=5.0), NOW)
        finish(read_next(project, carol, seconds=50.0), NOW)
    finish(read_next(project, bob, seconds=0.0), NOW)
    assert (own_project(project).pace.seconds, own_project(project).pace.n_steps) == (5.0, 12)
    assert own_project(project, "carol").pace.seconds == 50.0


@pytest.mark.django_db
def test_what_is_left_and_what_was_done() -> None:
    project = a_queue(n_traces=3)
    bob = person(project, "bob")
    finish(read_next(project, bob), NOW - timedelta(days=40))
    sent_back = read_next(project, bob)
    finish(sent_back, NOW)
    one = own_project(project)
    assert (one.n_submitted, one.today, one.week, one.queue.n_claimable.n) == (2, Done(1, 3), Done(1, 3), 1)
    return_assignment(sent_back)
    assert own_project(project).today == Done()
    finish(read_next(project, bob), NOW)
    assert own_project(project).today == Done(1, 3)


@pytest.mark.django_db
@pytest.mark.parametrize("is_told", [False, True])
def test_gold_is_spoken_of_only_where_the_project_tells_people(is_told: bool) -> None:
    project = a_queue(n_traces=2, gold_rate=0.5, gold_feedback=is_told)
    for _ in range(2):
        a_gold_trace(project, "gold", ("good", "bad", "good"))
    bob = person(project, "bob")
    for _ in range(4):
        finish(read_next(project, bob), NOW)
    gold = own_project(project).gold
    assert (gold and (gold.percent, gold.n)) == ((67, 2) if is_told else None)


@pytest.mark.django_db
def test_only_projects_to_label_in_are_listed() -> None:
    labelled = a_project(bob=Role.ANNOTATOR)
    a_project(bob=Role.VIEWER)
    a_project()
    assert [one.project for one in own_work(a_person("bob"), now=NOW, zone=UTC).projects] == [labelled]


@pytest.mark.django_db
def test_what_the_queue_page_asks_is_one_query_however_much_was_done() -> None:
    project = a_queue(n_traces=3)
    bob = person(project, "bob")
    for _ in range(3):
        read_next(project, bob)
    who = a_person("bob")
    with CaptureQueriesContext(connection) as captured:
        lately_of(who, now=NOW, zone=BERLIN)
    assert len(captured) == 1


@pytest.mark.django_db
def test_an_open_trace_is_not_done() -> None:
    project = a_queue()
    held = taken(project, person(project, "bob"))
    assert held.state == AssignmentState.HELD
    assert own_project(project).today == Done()
