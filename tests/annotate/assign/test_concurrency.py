"""Twenty people at once, each with a database connection of their own."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import AssignmentState
from annotate.label.actions import save_label, submit_assignment
from annotate.models import Assignment, Criterion, Label, Project, Rater
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
