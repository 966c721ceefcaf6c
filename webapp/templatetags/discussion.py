"""``{% load discussion %}``: what a reader may see of a trace's discussion, on their labelling page."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from annotate.label.threads import Remark, Talk

register = template.Library()


@register.filter
def remarks_at(talk: Talk, step: int) -> Sequence[Remark]:
    return talk.at(step)
