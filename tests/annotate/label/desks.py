"""Two people who have read one trace, as every test of what follows wants them."""

from __future__ import annotations

from annotate.assign.actions import claim_next, fill_queue, rater_of
from annotate.enums import Role
from annotate.label.actions import save_label, submit_assignment
from annotate.models import Assignment, Project
from tests.factories import a_criterion, a_person, a_project, a_trace

LEVELS = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}


def a_shared_project(*, slug: str = "", n_traces: int = 1, n_steps: int = 2) -> Project:
    """Bob and Dora label each of ``n_traces``; Carol reviews."""
    members = {"bob": Role.ANNOTATOR, "dora": Role.ANNOTATOR, "carol": Role.REVIEWER}
    project = a_project(slug=slug, overlap=2, **members)
    for number in range(n_traces):
        a_trace(project, n_steps=n_steps, external_id=f"trace-{number + 1}")
    fill_queue(project)
    return project


def take(project: Project, name: str) -> Assignment:
    """What ``name`` gets when they ask for work."""
    taken = claim_next(project, rater_of(project, a_person(name)))
    assert taken is not None
    return taken


def answer(held: Assignment, letters: str) -> None:
    criterion = a_criterion(held.project)
    for step, letter in zip(held.trace.steps.order_by("position"), letters, strict=True):
        save_label(held, held.token, step=step, criterion=criterion, value=LEVELS[letter], seconds=3)


def read(project: Project, name: str, letters: str) -> Assignment:
    """``name`` takes the next trace, answers one letter per step, and submits."""
    held = take(project, name)
    answer(held, letters)
    return submit_assignment(held, held.token)
