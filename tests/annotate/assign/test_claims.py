from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotate.assign.actions import claim_next, release_assignment, skip_assignment
from annotate.assign.claims import gold_secret, is_gold_due
from annotate.assign.filling import work_out_turns
from annotate.enums import AssignmentState, ExamState, Purpose, Role
from annotate.ingest.founding import add_member
from annotate.models import Assignment, Label, Membership, Project, Rater, Reader, Trace, Turn
from tests.annotate.assign.queues import (
    a_gold_trace,
    a_queue,
    person,
    read,
    read_next,
    reader_of,
    taken,
)
from tests.factories import a_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.15, 1 / 3, 0.5])
def test_gold_comes_at_exactly_the_rate(rate: float) -> None:
    taken = 6000
    due = [i for i in range(taken) if is_gold_due(rate, i, "secret")]
    assert abs(len(due) - taken * rate) <= 1
    longest = max(later - earlier for earlier, later in pairwise(due))
    assert longest < 2 / rate + 1


def test_where_gold_comes_is_known_to_the_secret_alone() -> None:
    def places(secret: str) -> list[int]:
        return [i for i in range(200) if is_gold_due(0.1, i, secret)]

    assert places("one") == places("one") != places("other")
    gaps = {later - earlier for earlier, later in pairwise(places("one"))}
    assert len(gaps) > 3
    assert not any(is_gold_due(0.0, i, "one") for i in range(200))


def test_everybody_meets_each_gold_trace_once_at_the_projects_rate() -> None:
    project = a_queue(n_traces=20, overlap=2, gold_rate=0.25)
    gold = {a_gold_trace(project, "gold").pk for _ in range(4)}
    for name in ("bob", "carol"):
        rater = person(project, name)
        met = [read_next(project, rater).trace_id for _ in range(16)]
        assert sum(trace in gold for trace in met) == 4
        assert len(set(met)) == 16
    readings = Assignment.objects.filter(trace__in=gold)
    assert set(readings.values_list("purpose", "score")) == {(Purpose.GOLD, 1.0)}


def test_without_a_gold_trace_left_the_queue_goes_on() -> None:
    project = a_queue(n_traces=6, gold_rate=0.5)
    gold = a_gold_trace(project, "gold")
    bob = person(project, "bob")
    met = [read_next(project, bob).trace_id for _ in range(7)]
    assert met.count(gold.pk) == 1
    assert claim_next(project, bob) is None


def test_a_gold_slot_given_back_never_enters_the_ordinary_queue() -> None:
    project = a_queue(n_traces=0, gold_rate=0.5)
    gold = a_gold_trace(project, "gold")
    bob, carol = person(project, "bob"), person(project, "carol")
    Reader.objects.create(project=project, rater=bob, n_submitted=next_gold(project, bob, is_due=True))
    Reader.objects.create(project=project, rater=carol, n_submitted=next_gold(project, carol, is_due=False))
    held = taken(project, bob)
    assert (held.trace_id, held.purpose) == (gold.pk, Purpose.GOLD)
    release_assignment(held, held.token)
    assert claim_next(project, carol) is None
    assert taken(project, bob).pk == held.pk


def next_gold(project: Project, rater: Rater, *, is_due: bool) -> int:
    """So many traces finished that the next one is gold, or is not."""
    secret = gold_secret(project, rater)
    return next(i for i in range(99) if is_gold_due(0.5, i, secret) is is_due)


def test_a_newcomer_takes_demonstration_and_exam_before_the_queue() -> None:
    project = a_queue(n_traces=2, exam_size=2, exam_pass=0.8)
    demo = a_gold_trace(project, "demo")
    exam = {a_gold_trace(project, "exam", ("good", "bad", "good")).pk for _ in range(2)}
    bob = person(project, "bob")
    assert read_next(project, bob).trace_id == demo.pk
    assert {read_next(project, bob, "good", "bad").trace_id for _ in range(2)} == exam
    assert (reader_of(bob).exam, reader_of(bob).exam_score) == (ExamState.PASSED, 1.0)
    assert taken(project, bob).purpose == Purpose.WORK


def test_whoever_fails_the_exam_gets_nothing_and_managers_take_none() -> None:
    project = a_queue(n_traces=2, exam_size=1, exam_pass=0.8)
    a_gold_trace(project, "exam", ("good", "bad", "good"))
    bob = person(project, "bob")
    read_next(project, bob, "good", "good")
    assert (reader_of(bob).exam, reader_of(bob).exam_score) == (ExamState.FAILED, pytest.approx(2 / 3))
    assert claim_next(project, bob) is None
    assert taken(project, person(project, "alice")).purpose == Purpose.WORK
    add_member(project, a_person("dan"), Role.ANNOTATOR)
    assert taken(project, person(project, "dan")).purpose == Purpose.EXAM


def test_a_skipped_exam_trace_counts_as_wrong() -> None:
    project = a_queue(exam_size=1)
    a_gold_trace(project, "exam")
    bob = person(project, "bob")
    held = taken(project, bob)
    skip_assignment(held, held.token)
    assert (reader_of(bob).exam, reader_of(bob).exam_score) == (ExamState.FAILED, 0.0)
    assert not Assignment.objects.filter(trace=held.trace, state=AssignmentState.OPEN).exists()


def test_an_exam_trace_without_a_key_fails_nobody_and_asks_for_another() -> None:
    project = a_queue(exam_size=1)
    keyless, keyed = a_gold_trace(project, "exam"), a_gold_trace(project, "gold")
    Label.objects.filter(step__trace=keyless).update(is_live=False)
    bob = person(project, "bob")
    assert read_next(project, bob).score is None
    assert reader_of(bob).exam == ExamState.OPEN
    Turn.objects.filter(trace=keyed).update(use="exam")
    assert read_next(project, bob).score == 1
    assert reader_of(bob).exam == ExamState.PASSED


def test_a_trace_that_needs_a_skill_goes_to_whoever_has_it() -> None:
    project = a_queue(n_traces=2, skill_key="topic")
    first = Trace.objects.order_by("pk").first()
    assert first is not None
    Trace.objects.filter(pk=first.pk).update(meta={"topic": "algebra"})
    work_out_turns(project)
    Membership.objects.filter(person=a_person("carol")).update(skills=["algebra"])
    bob, carol = person(project, "bob"), person(project, "carol")
    assert read_next(project, bob).trace_id != first.pk
    assert claim_next(project, bob) is None
    assert taken(project, carol).trace_id == first.pk


def test_a_paused_person_keeps_what_they_hold_and_gets_nothing_new() -> None:
    project = a_queue(n_traces=2)
    bob = person(project, "bob")
    held = taken(project, bob)
    Reader.objects.filter(rater=bob).update(paused_at=timezone.now(), pause_reason="too fast")
    assert taken(project, bob).pk == held.pk
    read(held)
    assert claim_next(project, bob) is None


def test_a_claim_takes_two_queries_however_much_lies_behind() -> None:
    project = a_queue(n_traces=12, overlap=2)
    bob = person(project, "bob")

    def queries_of_a_claim() -> int:
        with CaptureQueriesContext(connection) as captured:
            held = taken(project, bob)
        read(held)
        return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in captured)

    read_next(project, bob)
    assert [queries_of_a_claim() for _ in range(8)] == [2] * 8


def test_a_gold_reading_stands_under_the_number_of_an_ordinary_one() -> None:
    project = a_queue(n_traces=6, overlap=2, gold_rate=0.5)
    gold = a_gold_trace(project, "gold")
    numbers = set(Assignment.objects.values_list("pk", flat=True))
    bob, carol = person(project, "bob"), person(project, "carol")
    for rater in (bob, carol):
        met = [read_next(project, rater) for _ in range(2)]
        assert {one.purpose for one in met} == {Purpose.WORK, Purpose.GOLD}
        assert {one.pk for one in met if one.purpose == Purpose.GOLD} <= numbers
    ordinary = Assignment.objects.filter(purpose=Purpose.WORK)
    assert ordinary.count() == 12
    assert sorted(ordinary.values_list("trace", "slot")) == sorted(
        (trace.pk, slot) for trace in Trace.objects.exclude(pk=gold.pk) for slot in range(2)
    )
