"""``{% load review %}``: what waits for reviewers, on pages that belong to other stages."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.contrib.auth.models import AnonymousUser

from annotate.access import REACH, role_in
from annotate.enums import Role
from annotate.label.cut_reports import reports_of
from annotate.label.history import own_labels
from annotate.label.review_queue import review_queue
from annotate.label.threads import n_open_questions, open_for_reader
from annotate.models import Person, Project
from annotate.models.counting import Bounded

register = template.Library()


@dataclass(frozen=True, slots=True)
class Desk:
    """How many traces wait for a decision, and how many questions for an answer."""

    n_traces: int
    n_questions: Bounded
    n_reports: int


@register.simple_tag
def review_desk(project: Project, user: Person | AnonymousUser) -> Desk | None:
    """What waits for reviewers; None for those who are none."""
    if role_in(user, project) not in REACH[Role.REVIEWER]:
        return None
    assert isinstance(user, Person)
    return Desk(
        n_traces=len(review_queue(project)),
        n_questions=n_open_questions(project, user),
        n_reports=reports_of(project, user).count(),
    )


@register.simple_tag
def comments_to(project: Project, user: Person | AnonymousUser) -> int:
    """How many comments of reviewers wait for this reader; 0 for reviewers, who have the list of questions."""
    if not isinstance(user, Person) or role_in(user, project) != Role.ANNOTATOR:
        return 0
    return open_for_reader(project, user).count()


@register.simple_tag
def is_labelling(project: Project, user: Person | AnonymousUser) -> bool:
    """Whether the person has said anything in the project."""
    return isinstance(user, Person) and own_labels(project, user).exists()
