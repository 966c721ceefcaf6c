"""``{% load review %}``: what waits for reviewers, on pages that belong to other stages."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.contrib.auth.models import AnonymousUser

from annotate.access import REACH, role_in
from annotate.enums import Role
from annotate.label.review_queue import review_queue
from annotate.models import Person, Project

register = template.Library()


@dataclass(frozen=True, slots=True)
class Desk:
    """How many traces wait for a decision."""

    n_traces: int


@register.simple_tag
def review_desk(project: Project, user: Person | AnonymousUser) -> Desk | None:
    """What waits for reviewers; None for those who are none."""
    if role_in(user, project) not in REACH[Role.REVIEWER]:
        return None
    return Desk(n_traces=len(review_queue(project)))
