"""``{% load questions %}``: the questions of a labelling page, quickly.

A page of 500 steps holds 500 copies of the same questions. What an open question looks like depends on nothing but its
criterion and its place, so each is rendered once for a rubric version that cannot change any more, with a stand-in for
the place. Those that differ from place to place (answered ones, corrections, which hold the step's text, and those
about texts that are given there) are rendered as they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_NUMBER = "\ue000"
_POSITION = "\ue001"
_skeletons: dict[tuple[int, datetime, bool], str] = {}


@register.simple_tag(takes_context=True)
def question(context: Context, blank: Any) -> SafeString:
    """``blank``: a question at a place, with the answer so far (forms/label.py)."""
    is_open = bool(context["is_open"])
    rubric = blank.criterion.rubric
    if not (blank.is_the_same_everywhere and rubric.is_frozen):
        return render_to_string("label/question.html", {"blank": blank, "is_open": is_open})
    key = (blank.criterion.pk, rubric.created_at, is_open)
    if key not in _skeletons:
        _skeletons[key] = render_to_string(
            "label/question.html", {"blank": blank.standing_in(_POSITION, _NUMBER), "is_open": is_open}
        )
    text = _skeletons[key].replace(_POSITION, str(blank.position)).replace(_NUMBER, str(blank.position + 1))
    # The skeleton came from the template, escaped; only digits were put into it.
    return mark_safe(text)  # noqa: S308
