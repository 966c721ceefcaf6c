from __future__ import annotations

import pytest

from annotate.assign.actions import fill_queue
from annotate.assign.filling import work_out_turns
from annotate.consensus.actions import run_consensus
from annotate.enums import AssignmentState
from annotate.models import Assignment, Project, Trace, Turn
from tests.annotate.assign.queues import a_gold_trace, a_queue, person, read_next, taken
from tests.factories import a_label, a_rater, a_trace

pytestmark = pytest.mark.django_db


def in_order(project: Project) -> list[int]:
    slots = Assignment.objects.filter(project=project, state=AssignmentState.OPEN)
    return list(slots.order_by("position", "slot").values_list("trace_id", flat=True))


def change(project: Project, **rules: object) -> None:
    project.queue_rules = rules
    project.save()
    work_out_turns(project)


def test_each_stratum_gets_its_own_overlap() -> None:
    project = a_queue(overlap=2, stratum_key="dataset", overlap_of=["gsm8k=1", "math=3"])
    for meta in ({"dataset": "gsm8k"}, {"dataset": "math"}, {"dataset": ["math"]}, {}):
        Trace.objects.filter(pk=a_trace(project).pk).update(meta=meta)
    assert fill_queue(project) == 1 + 3 + 2 + 2
    strata = Turn.objects.order_by("pk").values_list("stratum", flat=True)
    assert list(strata) == ["", "gsm8k", "math", "", ""]
    assert fill_queue(project) == 0


def test_a_changed_order_moves_what_is_open_and_nothing_else() -> None:
    project = a_queue(n_traces=6, overlap=1)
    held = taken(project, person(project, "bob"))
    before = in_order(project)
    change(project, policy="random", seed=3)
    shuffled = in_order(project)
    held.refresh_from_db()
    assert held.state == AssignmentState.HELD
    assert sorted(shuffled) == sorted(before)
    assert shuffled != before
    change(project, policy="random", seed=4)
    assert in_order(project) != shuffled
    change(project, policy="random", seed=3)
    assert in_order(project) == shuffled
    change(project)
    assert in_order(project) == before


def test_a_reader_far_down_the_old_order_starts_at_the_front_of_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotate.assign.actions.CURSOR_EVERY", 0)
    project = a_queue(n_traces=4)
    bob = person(project, "bob")
    read_next(project, bob)
    read_next(project, bob)
    last = in_order(project)[-1]
    Turn.objects.filter(trace=last).update(priority=5)
    change(project)
    assert taken(project, bob).trace_id == last


def test_fewest_first_reads_everything_once_before_anything_twice() -> None:
    project = a_queue(n_traces=3, overlap=2, policy="fewest")
    bob, carol = person(project, "bob"), person(project, "carol")
    first = read_next(project, bob).trace_id
    assert [read_next(project, carol).trace_id for _ in range(3)][-1] == first


def test_a_consensus_puts_what_it_knows_least_about_first() -> None:
    project = a_queue(n_traces=3, policy="value")
    ann, ben = a_rater(project, name="ann"), a_rater(project, name="ben")
    sure, unsure, untold = Trace.objects.order_by("pk")
    for trace, other in ((sure, "good"), (unsure, "bad")):
        for step in trace.steps.all():
            a_label(ann, step, "good")
            a_label(ben, step, other)
    for step in untold.steps.all()[:1]:
        a_label(ann, step, "good")
        a_label(ben, step, "good")
    run_consensus(project, policy="majority")
    values = dict(Turn.objects.values_list("trace", "value"))
    assert values[sure.pk] == 0
    assert values[unsure.pk] > values[untold.pk] > 0
    assert in_order(project) == [unsure.pk, untold.pk, sure.pk]


def test_gold_that_came_later_is_noticed_and_spread() -> None:
    project = a_queue(n_traces=4, policy="gold_mix")
    a_gold_trace(project, "work")
    work_out_turns(project)
    assert Turn.objects.filter(has_gold=True).count() == 1
    places = [Turn.objects.get(trace=trace).has_gold for trace in in_order(project)]
    assert places.index(True) in (1, 2, 3)


def test_working_out_again_changes_nothing() -> None:
    project = a_queue(n_traces=3, policy="random")
    assert work_out_turns(project) == 0
