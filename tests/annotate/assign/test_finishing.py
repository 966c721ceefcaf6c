from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import translation

from annotate.assign.actions import claim_next
from annotate.assign.queries import feedback_on
from annotate.enums import AssignmentState
from annotate.models import Assignment, Intervention, Label, Project, Rater, Reader, Turn
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read, read_next, reader_of, taken
from tests.factories import a_rater

pytestmark = pytest.mark.django_db


def n_slots(project: Project) -> int:
    return Assignment.objects.filter(project=project).exclude(state=AssignmentState.SKIPPED).count()


def test_counts_and_the_turn_follow_each_reading() -> None:
    project = a_queue(n_traces=2, overlap=2)
    bob, carol = person(project, "bob"), person(project, "carol")
    trace = read_next(project, bob, "good", "good", "bad").trace_id
    assert Turn.objects.get(trace=trace).disagreement is None
    read_next(project, carol, "good", "bad", "bad")
    turn = Turn.objects.get(trace=trace)
    assert (turn.n_submitted, turn.disagreement) == (2, pytest.approx(1 / 3))
    assert [reader_of(rater).n_submitted for rater in (bob, carol)] == [1, 1]


def test_a_disputed_trace_grows_until_it_is_settled() -> None:
    project = a_queue(overlap=2, grow_to=5)
    readers = [a_rater(project, name=f"reader{i}") for i in range(6)]
    read_next(project, readers[0], "good")
    read_next(project, readers[1], "bad")
    assert n_slots(project) == 3
    read_next(project, readers[2], "bad")
    assert n_slots(project) == 3
    assert claim_next(project, readers[3]) is None


def test_a_trace_never_grows_past_its_end_nor_where_all_agree() -> None:
    project = a_queue(overlap=2, grow_to=3, grow_when="any_step")
    readers = [a_rater(project, name=f"reader{i}") for i in range(4)]
    for reader, value in zip(readers, ("good", "bad", "neutral"), strict=False):
        read_next(project, reader, value)
    assert n_slots(project) == 3
    calm = a_queue(overlap=2, grow_to=5)
    for name in ("bob", "carol"):
        read_next(calm, person(calm, name))
    assert n_slots(calm) == 2


def test_growth_waits_for_readings_that_are_out() -> None:
    project = a_queue(overlap=3, grow_to=4)
    readers = [a_rater(project, name=f"reader{i}") for i in range(4)]
    late = taken(project, readers[2])
    read_next(project, readers[0], "good")
    read_next(project, readers[1], "bad")
    assert n_slots(project) == 3
    read(late, "neutral")
    assert n_slots(project) == 4


@pytest.mark.django_db(transaction=True)
def test_growth_is_exact_when_all_submit_at_once() -> None:
    project = a_queue(n_traces=6, overlap=2, grow_to=5, grow_when="any_step")
    raters = [a_rater(project, name=f"reader{i}") for i in range(10)]

    def work(rater: Rater) -> int:
        done = 0
        try:
            while (held := claim_next(project, rater)) is not None:
                read(held, ("good", "bad", "neutral")[rater.pk % 3])
                done += 1
        finally:
            connection.close()
        return done

    total = 0
    for _ in range(4):  # a slot may open for somebody who had left already
        with ThreadPoolExecutor(10) as pool:
            total += sum(pool.map(work, raters))
    slots = Assignment.objects.filter(project=project)
    assert not slots.exclude(state=AssignmentState.SUBMITTED).exists()
    assert slots.count() == total
    for turn in Turn.objects.filter(project=project):
        said = {
            label.value
            for label in Label.objects.live().filter(assignment__trace=turn.trace_id, step__position=0)
        }
        assert turn.n_submitted == slots.filter(trace=turn.trace_id).count()
        assert turn.n_submitted == (5 if len(said) > 1 else 2)
    assert sum(Reader.objects.values_list("n_submitted", flat=True)) == total


def test_pace_is_the_median_of_a_steps_seconds() -> None:
    project = a_queue()
    read_next(project, person(project, "bob"), seconds=4)
    assert Assignment.objects.get().seconds_per_step == 4


def test_too_fast_pauses_after_a_whole_window_and_not_before() -> None:
    project = a_queue(n_traces=9, pause_below_seconds=3, pause_window=3)
    bob = person(project, "bob")
    for seconds in (1, 9, None, 1):
        read_next(project, bob, seconds=seconds)
        if seconds != 1:
            assert reader_of(bob).paused_at is None
    assert reader_of(bob).paused_at is not None
    assert "1.0 seconds per step in the last 3 traces" in reader_of(bob).pause_words
    with translation.override("de"):
        said = "im Median 1,0 Sekunden je Schritt in den letzten 3 Traces; das Projekt verlangt 3"
        assert reader_of(bob).pause_words == said
        assert [one.reason_words for one in Intervention.objects.filter(rater=bob)] == [said]
    assert claim_next(project, bob) is None


def test_low_gold_accuracy_pauses_and_silence_is_kept() -> None:
    project = a_queue(n_traces=9, gold_rate=0.5, pause_below_accuracy=0.6, pause_window=2)
    for _ in range(3):
        a_gold_trace(project, "gold", ("good", "bad", "bad"))
    bob = person(project, "bob")
    while (held := claim_next(project, bob)) is not None:
        done = read(held)
        assert feedback_on(done) == ""
    assert Assignment.objects.filter(score__isnull=False).count() == 2
    assert reader_of(bob).paused_at is not None
    assert "33%" in reader_of(bob).pause_words


def test_feedback_is_given_where_the_project_says_so() -> None:
    project = a_queue(n_traces=4, gold_rate=0.5, gold_feedback=True)
    a_gold_trace(project, "gold", ("good", "bad", "good"))
    bob = person(project, "bob")
    said = []
    for _ in range(2):
        done = read_next(project, bob)
        done.refresh_from_db()
        said.append(feedback_on(done))
    assert sorted(said) == [
        "",
        "That was a trace with a known answer: 67% of your answers are those of the key.",
    ]
