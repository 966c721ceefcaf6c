"""Queues of a few pairs, or lineups, and people who compare them."""

from __future__ import annotations

from typing import Any

from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import claim_comparison
from annotate.assign.compare.filling import make_lineups, make_pairs
from annotate.enums import Role
from annotate.label.comparing import Choice, submit_comparison
from annotate.models import Comparison, Project, Rater
from tests.factories import a_comparing_project, a_criterion, a_person, some_attempts


def a_queue_of_pairs(n: int = 1, *, overlap: int = 1, **rules: Any) -> Project:
    """Bob and Carol are members who label."""
    project = a_comparing_project(overlap=overlap, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    _go_by(project, rules)
    for i in range(n):
        some_attempts(project, f"one {i}", f"two {i}")
    make_pairs(project, "traces")
    return project


def a_queue_of_lineups(n: int = 1, *, overlap: int = 1, **rules: Any) -> Project:
    """Lineups of three."""
    project = a_comparing_project(preset="ranking", overlap=overlap, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    _go_by(project, rules)
    for i in range(n):
        some_attempts(project, f"one {i}", f"two {i}", f"three {i}")
    make_lineups(project, size=3)
    return project


def _go_by(project: Project, rules: dict[str, Any]) -> None:
    Project.objects.filter(pk=project.pk).update(queue_rules=rules)
    project.refresh_from_db()


def person(project: Project, name: str) -> Rater:
    return rater_of(project, a_person(name))


def taken(project: Project, rater: Rater) -> Comparison:
    found = claim_comparison(project, rater)
    assert found is not None
    return found


def say(held: Comparison, value: str) -> Comparison:
    """Answer the question that decides, and submit."""
    criterion = a_criterion(held.project, "ranking" if held.lineup_id else "preference")
    return submit_comparison(held, held.token, [Choice(criterion.pk, value)])


def say_next(project: Project, rater: Rater, value: str) -> Comparison:
    return say(taken(project, rater), value)
