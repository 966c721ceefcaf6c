from __future__ import annotations

import pytest

from annotate.assign.filling import add_turns
from annotate.assign.rules import rules_of
from annotate.assign.slots import add_some_slots
from annotate.enums import AssignmentState, Purpose
from annotate.models import Assignment, Project, Trace, Turn
from tests.annotate.assign.queues import person, reader_of, taken
from tests.factories import a_project, a_trace

pytestmark = pytest.mark.django_db


def a_bare_queue(n_traces: int, *, overlap: int = 1, **rules: object) -> Project:
    """Turns, and no slot yet."""
    project = a_project(overlap=overlap)
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()
    for _ in range(n_traces):
        a_trace(project)
    add_turns(project)
    return project


def numbers(trace: Trace) -> list[int]:
    return list(Assignment.objects.filter(trace=trace).order_by("slot").values_list("slot", flat=True))


@pytest.mark.parametrize(
    ("states", "overlap", "expected"),
    [
        ([], 2, [0, 1]),
        (["open"], 2, [0, 1]),
        (["submitted", "open"], 2, [0, 1]),
        (["open", "open", "open"], 2, [0, 1, 2]),
        # One of three was skipped: its successor has the number 3, never a used one.
        (["submitted", "skipped", "open"], 3, [0, 1, 2, 3]),
    ],
)
def test_missing_slots_continue_the_numbering(states: list[str], overlap: int, expected: list[int]) -> None:
    project = a_bare_queue(1, overlap=overlap)
    trace = Trace.objects.get()
    for slot, state in enumerate(states):
        holder = None if state == "open" else person(project, f"reader{slot}")
        Assignment.objects.create(project=project, trace=trace, slot=slot, state=state, holder=holder)
    n, last, made = add_some_slots(project, rules_of(project), 0)
    assert (n, last, made) == (1, trace.pk, len(expected) - len(states))
    assert numbers(trace) == expected
    assert add_some_slots(project, rules_of(project), 0)[2] == 0


def test_a_reading_with_a_key_is_none_of_those_asked_for() -> None:
    project = a_bare_queue(1, overlap=1)
    trace = Trace.objects.get()
    Assignment.objects.create(project=project, trace=trace, slot=0, purpose=Purpose.GOLD)
    assert add_some_slots(project, rules_of(project), 0)[2] == 1
    assert numbers(trace) == [0, 1]


def test_batches_follow_each_other_and_leave_other_projects_and_uses_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotate.assign.slots.BATCH", 2)
    project = a_bare_queue(3, overlap=2)
    other = a_bare_queue(2)
    set_apart = a_trace(project)
    late = a_trace(project)
    add_turns(project)
    Turn.objects.filter(trace=set_apart).update(use=Purpose.GOLD, position=7)
    Turn.objects.filter(trace=late).update(position=9, skill="logic")
    after, seen = 0, []
    while True:
        n, after, made = add_some_slots(project, rules_of(project), after)
        seen.append((n, made))
        if n < 2:
            break
    assert seen == [(2, 4), (2, 2), (1, 2)]
    assert not Assignment.objects.filter(project=other).exists()
    assert numbers(set_apart) == []
    slot = Assignment.objects.filter(trace=late).first()
    assert slot is not None
    assert (slot.position, slot.skill, slot.state, slot.token, slot.note) == (
        9,
        "logic",
        AssignmentState.OPEN,
        0,
        "",
    )
    slot.full_clean()


def test_a_reader_past_the_new_slots_is_led_back_to_them() -> None:
    project = a_bare_queue(2)
    bob = person(project, "bob")
    add_some_slots(project, rules_of(project), 0)
    taken(project, bob)
    reader = reader_of(bob)
    reader.cursor = 2**61
    reader.save()
    add_some_slots(project, rules_of(project), 0)
    assert reader_of(bob).cursor == 2**61
    Project.objects.update(overlap=2)
    project.refresh_from_db()
    add_some_slots(project, rules_of(project), 0)
    assert reader_of(bob).cursor < 2**61


def test_a_hostile_stratum_is_a_value_like_any_other() -> None:
    name = "x' OR 1=1; DROP TABLE annotate_label; --%s"
    project = a_bare_queue(2, stratum_key="set", overlap_of=[f"{name}=3"])
    odd = Turn.objects.first()
    assert odd is not None
    Turn.objects.filter(pk=odd.pk).update(stratum=name)
    assert add_some_slots(project, rules_of(project), 0)[2] == 3 + 1
    assert len(numbers(odd.trace)) == 3
