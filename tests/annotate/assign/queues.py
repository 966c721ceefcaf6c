"""Queues of a few traces, and people who read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import RaterKind, Role
from annotate.label.actions import save_label, submit_assignment
from annotate.models import Assignment, Project, Rater, Reader, Trace, Turn
from tests.factories import a_criterion, a_label, a_person, a_project, a_rater, a_trace

STEPS = 3


def a_queue(*, n_traces: int = 1, overlap: int = 1, **rules: Any) -> Project:
    """A filled queue; Bob and Carol are members who label."""
    project = a_project(overlap=overlap, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()
    for _ in range(n_traces):
        a_trace(project, n_steps=STEPS)
    fill_queue(project)
    return project


def person(project: Project, name: str) -> Rater:
    return rater_of(project, a_person(name))


def a_gold_trace(
    project: Project, use: str, values: Sequence[str] = ("good",) * STEPS, **fields: Any
) -> Trace:
    """A trace with a key, used for what ``use`` says; its turn is made here."""
    trace = a_trace(project, n_steps=len(values), **fields)
    key = Rater.objects.filter(project=project, kind=RaterKind.GOLD).first()
    key = key or a_rater(project, RaterKind.GOLD, "gold/key")
    for step, value in zip(trace.steps.all(), values, strict=True):
        a_label(key, step, value)
    fill_queue(project)
    Turn.objects.filter(trace=trace).update(use=use)
    if use != "work":
        Assignment.objects.filter(trace=trace, state="open").delete()
    return trace


def taken(project: Project, rater: Rater) -> Assignment:
    found = claim_next(project, rater)
    assert found is not None
    return found


def read(held: Assignment, *values: str, seconds: float | None = None) -> Assignment:
    """Answer every step (``good`` where nothing else is said) and submit."""
    criterion = a_criterion(held.project)
    for step in held.trace.steps.all():
        value = values[step.position] if step.position < len(values) else "good"
        save_label(held, held.token, step=step, criterion=criterion, value=value, seconds=seconds)
    return submit_assignment(held, held.token)


def read_next(project: Project, rater: Rater, *values: str, seconds: float | None = None) -> Assignment:
    return read(taken(project, rater), *values, seconds=seconds)


def reader_of(rater: Rater) -> Reader:
    return Reader.objects.get(rater=rater)
