"""``{% load discussion %}``: what a reader may see of a trace's discussion, on their labelling page."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.contrib.auth.models import AnonymousUser

from annotate.label.threads import Remark, Talk, talk_of_reader
from annotate.models import Assignment, Person

register = template.Library()


@register.simple_tag
def talk_on(assignment: Assignment, user: Person | AnonymousUser) -> Talk:
    """The comments that this person may see: their own, and those a reviewer addressed to them."""
    return talk_of_reader(assignment, user) if isinstance(user, Person) else Talk()


@register.filter
def remarks_at(talk: Talk, step: int) -> Sequence[Remark]:
    return talk.at(step)
