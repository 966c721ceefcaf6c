from __future__ import annotations

import pytest

from annotate.assign.actions import claim_next, fill_queue, release_assignment
from annotate.assign.manage.actions import (
    change_rules,
    pause_reader,
    reset_exam,
    resume_reader,
    set_skills,
    take_back,
    waive_exam,
)
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.assign.manage.lists import traces_where
from annotate.assign.queries import queue_state
from annotate.assign.rules import QueueRules, rules_of
from annotate.enums import AssignmentState, ExamState, Purpose
from annotate.errors import Conflict, Rejected
from annotate.label.actions import save_label
from annotate.models import Assignment, Membership, Project, Trace, Turn
from tests.annotate.assign.queues import (
    a_gold_trace,
    a_queue,
    person,
    read,
    read_next,
    reader_of,
    taken,
)
from tests.factories import a_criterion, a_label, a_person, a_rater, a_trace

pytestmark = pytest.mark.django_db


def change(project: Project, change: Change, **wanted: object) -> int:
    where = TraceFilter(**wanted)  # type: ignore[arg-type]
    return change_traces(project, where, change, count=traces_where(project, where).count()).count


def in_order(project: Project) -> list[int]:
    slots = Assignment.objects.filter(project=project, state=AssignmentState.OPEN)
    return list(slots.order_by("position", "slot").values_list("trace_id", flat=True))


def test_changed_rules_are_kept_and_move_the_queue() -> None:
    project = a_queue(n_traces=5)
    before = in_order(project)
    change_rules(project, QueueRules(policy="random", seed=7), overlap=2, lease_minutes=45)
    assert (rules_of(project).policy, project.overlap, project.lease_minutes) == ("random", 2, 45)
    assert in_order(project) != before
    with pytest.raises(Rejected, match="overlap"):
        change_rules(project, QueueRules(), overlap=0, lease_minutes=45)
    with pytest.raises(Rejected, match="lease_minutes"):
        change_rules(project, QueueRules(), overlap=1, lease_minutes=0)


def test_an_exam_is_not_asked_of_those_who_labelled_before_it() -> None:
    project = a_queue(n_traces=3)
    bob, carol = person(project, "bob"), person(project, "carol")
    read_next(project, bob)
    a_gold_trace(project, "exam")
    change_rules(project, QueueRules(exam_size=1), overlap=1, lease_minutes=30)
    assert taken(project, bob).purpose == Purpose.WORK
    assert taken(project, carol).purpose == Purpose.EXAM


def test_what_an_absent_person_holds_is_free_at_once() -> None:
    project = a_queue()
    bob, carol = person(project, "bob"), person(project, "carol")
    held = taken(project, bob)
    save_label(held, held.token, step=held.trace.steps.first(), criterion=a_criterion(project), value="bad")
    assert claim_next(project, carol) is None
    assert take_back(project, bob) == 1
    assert take_back(project, bob) == 0
    assert taken(project, carol).pk == held.pk
    with pytest.raises(Conflict):
        release_assignment(held, held.token)


def test_a_paused_person_hears_why_and_goes_on_when_resumed() -> None:
    project = a_queue(n_traces=2)
    bob = person(project, "bob")
    with pytest.raises(Rejected, match="Say in at most"):
        pause_reader(project, bob, "  ")
    pause_reader(project, bob, "we changed the guidelines")
    with pytest.raises(Conflict, match="paused already"):
        pause_reader(project, bob, "again")
    assert claim_next(project, bob) is None
    assert "we changed the guidelines" in queue_state(project, bob).explanation
    resume_reader(project, bob)
    assert claim_next(project, bob) is not None
    with pytest.raises(Conflict, match="not paused"):
        resume_reader(project, bob)


def test_readings_before_a_resume_do_not_pause_again() -> None:
    project = a_queue(n_traces=6, pause_below_seconds=5, pause_window=2)
    bob = person(project, "bob")
    for _ in range(2):
        read_next(project, bob, seconds=1)
    resume_reader(project, bob)
    read_next(project, bob, seconds=1)
    assert reader_of(bob).paused_at is None
    read_next(project, bob, seconds=1)
    assert reader_of(bob).paused_at is not None


def test_an_exam_is_reset_onto_unseen_traces_or_waived() -> None:
    project = a_queue(n_traces=1, exam_size=1)
    exam = [a_gold_trace(project, "exam", ("good", "bad", "bad")).pk for _ in range(2)]
    bob = person(project, "bob")
    first = read_next(project, bob).trace_id
    assert reader_of(bob).exam == ExamState.FAILED
    assert "came to 33% right; it asks for 80%" in queue_state(project, bob).explanation
    reset_exam(project, bob)
    second = read_next(project, bob).trace_id
    assert {first, second} == set(exam)
    assert reader_of(bob).exam == ExamState.FAILED
    reset_exam(project, bob)
    assert claim_next(project, bob) is None
    assert "no exam trace left" in queue_state(project, bob).explanation
    waive_exam(project, bob)
    assert taken(project, bob).purpose == Purpose.WORK


def test_skills_are_noted_once_each_and_count_at_the_next_claim() -> None:
    project = a_queue(n_traces=0, skill_key="topic")
    Trace.objects.filter(pk=a_trace(project).pk).update(meta={"topic": "algebra"})
    fill_queue(project)
    bob = person(project, "bob")
    assert claim_next(project, bob) is None
    assert "(algebra)" in queue_state(project, bob).explanation
    membership = Membership.objects.get(project=project, person=a_person("bob"))
    set_skills(membership, [" algebra ", "algebra", ""])
    assert membership.skills == ["algebra"]
    assert claim_next(project, bob) is not None
    with pytest.raises(Rejected, match="At most"):
        set_skills(membership, ["x" * 101])


def test_slots_are_added_to_what_a_filter_finds() -> None:
    project = a_queue(n_traces=3)
    bob = person(project, "bob")
    read_next(project, bob)
    assert change(project, Change("add_slots", slots=2), state="read") == 1
    assert Assignment.objects.filter(project=project).count() == 5
    assert fill_queue(project) == 0
    with pytest.raises(Rejected, match="more than 20 times"):
        change(project, Change("add_slots", slots=20))


def test_a_priority_comes_first_for_everybody() -> None:
    project = a_queue(n_traces=4)
    last = in_order(project)[-1]
    name = Trace.objects.get(pk=last).external_id
    assert change(project, Change("priority", priority=3), search=name) == 1
    assert taken(project, person(project, "bob")).trace_id == last
    change(project, Change("priority", priority=0))
    assert in_order(project)[0] != last


def test_a_withdrawn_trace_is_given_to_nobody_until_it_is_put_back() -> None:
    project = a_queue(n_traces=2, overlap=2)
    bob, carol, dan = (person(project, name) for name in ("bob", "carol", "dan"))
    held = taken(project, bob)
    save_label(held, held.token, step=held.trace.steps.first(), criterion=a_criterion(project), value="bad")
    change(project, Change("use", use="withdrawn"))
    assert claim_next(project, carol) is None
    release_assignment(held, held.token)
    assert claim_next(project, carol) is None
    assert fill_queue(project) == 0
    change(project, Change("use", use="work"))
    assert fill_queue(project) == 3
    for rater in (bob, carol):
        for _ in range(2):
            read(taken(project, rater))
    assert claim_next(project, dan) is None
    assert set(Turn.objects.values_list("n_submitted", flat=True)) == {2}


def test_what_somebody_reads_while_it_is_withdrawn_still_counts() -> None:
    project = a_queue()
    held = taken(project, person(project, "bob"))
    change(project, Change("use", use="withdrawn"))
    read(held)
    assert Turn.objects.get().n_submitted == 1


def test_gold_needs_gold_labels_which_may_have_come_late() -> None:
    project = a_queue(n_traces=2, gold_rate=0.5)
    with pytest.raises(Rejected, match="2 of these traces have no gold labels"):
        change(project, Change("use", use="gold"))
    trace = Trace.objects.order_by("pk").first()
    assert trace is not None
    key = a_rater(project, name="gold/key", kind="gold")
    a_label(key, trace.steps.first(), "good")
    fill_queue(project)
    assert change(project, Change("use", use="gold"), has_gold="yes") == 1
    assert trace.pk not in in_order(project)


def test_nothing_happens_when_the_count_has_moved_on() -> None:
    project = a_queue(n_traces=2)
    with pytest.raises(Conflict, match="2 traces match by now, not 5"):
        change_traces(project, TraceFilter(), Change("use", use="withdrawn"), count=5)
    assert set(Turn.objects.values_list("use", flat=True)) == {Purpose.WORK}
