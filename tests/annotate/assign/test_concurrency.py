"""Twenty people at once, each with a database connection of their own."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection

from annotate.assign.actions import (
    claim_next,
    fill_queue,
    rater_of,
    release_assignment,
    renew_order,
    skip_assignment,
)
from annotate.assign.manage.actions import take_back
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.enums import AssignmentState
from annotate.errors import Conflict
from annotate.label.actions import save_label, submit_assignment
from annotate.models import Assignment, Criterion, Label, Project, Rater, Reader, Turn
from tests.factories import a_criterion, a_person, a_project, a_trace

PEOPLE, TRACES, OVERLAP = 20, 12, 3


def read_everything(project: Project, rater: Rater, criterion: Criterion) -> int:
    """Claim, answer and submit until the queue has nothing left; returns how many traces that were."""
    finished = 0
    try:
        while (assignment := claim_next(project, rater)) is not None:
            for step in assignment.trace.steps.all():
                save_label(assignment, assignment.token, step=step, criterion=criterion, value="good")
            submit_assignment(assignment, assignment.token)
            finished += 1
    finally:
        connection.close()
    return finished


@pytest.mark.django_db(transaction=True)
def test_twenty_readers_never_exceed_the_overlap() -> None:
    project = a_project(overlap=OVERLAP)
    criterion = a_criterion(project)
    for _ in range(TRACES):
        a_trace(project, n_steps=2)
    fill_queue(project)
    raters = [rater_of(project, a_person(f"reader{i}")) for i in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        done = list(pool.map(lambda rater: read_everything(project, rater, criterion), raters))
    assert sum(done) == TRACES * OVERLAP
    slots = Assignment.objects.filter(project=project)
    assert slots.count() == TRACES * OVERLAP
    assert set(slots.values_list("state", flat=True)) == {AssignmentState.SUBMITTED}
    readings = Counter(slots.values_list("trace_id", "holder_id"))
    assert set(readings.values()) == {1}
    assert Label.objects.counted().count() == TRACES * OVERLAP * 2


@pytest.mark.django_db(transaction=True)
def test_readers_and_managers_at_once_neither_collide_nor_lose_a_slot() -> None:
    """Twelve people read, skip and give back while the order, the priorities and the slots change under them."""
    project = a_project(overlap=2)
    set_rules(
        project, policy="fewest", grow_to=4, grow_when="any_step", pause_below_seconds=0.1, pause_window=3
    )
    for _ in range(18):
        a_trace(project, n_steps=1)
    fill_queue(project)
    raters = [rater_of(project, a_person(f"reader{i}")) for i in range(12)]
    is_over = threading.Event()
    with ThreadPoolExecutor(14) as pool:
        managers = [pool.submit(manage, project, raters, seed, is_over) for seed in (1, 2)]
        list(pool.map(lambda rater: read_skip_and_give_back(project, rater), raters))
        is_over.set()
        for manager in managers:
            manager.result()
    for rater in raters:  # whatever opened after somebody had left
        read_skip_and_give_back(project, rater)
    assert_all_is_handed_out_once(project, raters)


def read_skip_and_give_back(project: Project, rater: Rater) -> None:
    """Until nothing is left; only what a manager took back under somebody's hands may be refused."""
    dice, criterion = random.Random(rater.pk), a_criterion(project)
    try:
        while (held := claim_next(project, rater)) is not None:
            with suppress(Conflict):
                luck = dice.random()
                if luck < 0.1:
                    release_assignment(held, held.token)
                elif luck < 0.2:
                    skip_assignment(held, held.token)
                else:
                    step, value = held.trace.steps.get(), dice.choice(("good", "bad"))
                    save_label(held, held.token, step=step, criterion=criterion, value=value, seconds=5)
                    submit_assignment(held, held.token)
    finally:
        connection.close()


def manage(project: Project, raters: list[Rater], seed: int, is_over: threading.Event) -> None:
    dice = random.Random(seed)
    try:
        while not is_over.is_set():
            renew_order(project)
            change_traces(project, TraceFilter(), Change("priority", priority=dice.randint(0, 9)), count=18)
            take_back(project, dice.choice(raters))
            fill_queue(project)
    finally:
        connection.close()


def assert_all_is_handed_out_once(project: Project, raters: list[Rater]) -> None:
    slots = Assignment.objects.filter(project=project)
    assert not slots.filter(state=AssignmentState.HELD).exists()
    assert set(Counter(slots.exclude(holder=None).values_list("trace_id", "holder_id")).values()) == {1}
    standing = Counter(slots.exclude(state=AssignmentState.SKIPPED).values_list("trace_id", flat=True))
    assert max(standing.values()) <= 4
    for rater in raters:
        mine, reader = slots.filter(holder=rater), Reader.objects.get(rater=rater)
        left = slots.filter(state=AssignmentState.OPEN).exclude(trace__in=mine.values("trace"))
        assert not left.exists()
        assert reader.n_submitted == mine.filter(state=AssignmentState.SUBMITTED).count()
        assert reader.n_skipped == mine.filter(state=AssignmentState.SKIPPED).count()
    for turn in Turn.objects.filter(project=project):
        of_trace = slots.filter(trace=turn.trace_id)
        assert turn.n_submitted == of_trace.filter(state=AssignmentState.SUBMITTED).count()
        waiting = of_trace.filter(state=AssignmentState.OPEN)
        assert set(waiting.values_list("position", flat=True)) <= {turn.position}


def set_rules(project: Project, **rules: object) -> None:
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()
