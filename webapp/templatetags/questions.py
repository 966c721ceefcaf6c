"""``{% load questions %}``: the questions of a labelling page, quickly.

A page of 500 steps holds 500 copies of the same questions. What an open question looks like depends on nothing but its
criterion and its place, so each is rendered once for a rubric version that cannot change any more, with a stand-in for
the place. Those that differ from place to place (answered ones, corrections, which hold the step's text, and those
about texts that are given there) are rendered as they are.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from annotate.enums import StepKind
from annotate.models import Problem, Step

from .typeset import typeset, typeset_raw

register = template.Library()

_LINE_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")
# Where the numbers of a step go.
NUMBER = "\ue000"
POSITION = "\ue001"
_skeletons: dict[tuple[int, datetime, bool, str], str] = {}
MOST_KEPT = 1_000
# Whole parts of the page, by their name and by all that they depend on.
_standing: dict[tuple[str, int, datetime, str, bool, str], SafeString] = {}


@register.simple_tag(takes_context=True)
def question(context: Context, blank: Any) -> SafeString:
    """``blank``: a question at a place, with the answer so far (forms/label.py)."""
    is_open = bool(context["is_open"])
    rubric = blank.criterion.rubric
    if not (blank.is_the_same_everywhere and rubric.is_frozen):
        return render_to_string("label/question.html", {"blank": blank, "is_open": is_open})
    key = (blank.criterion.pk, rubric.created_at, is_open, get_language() or "")
    if key not in _skeletons:
        rendered = render_to_string(
            "label/question.html", {"blank": blank.standing_in(POSITION, NUMBER), "is_open": is_open}
        )
        _skeletons[key] = without_line_ends(rendered)
    text = _skeletons[key].replace(POSITION, str(blank.position)).replace(NUMBER, str(blank.position + 1))
    # The skeleton came from the template, escaped; only digits were put into it.
    return mark_safe(text)  # noqa: S308


def without_line_ends(rendered: str) -> str:
    """Hundreds of copies: a line's end between two tags is a text node for the browser, and nothing to see."""
    return _LINE_BETWEEN_TAGS.sub("><", rendered)


@register.simple_tag
def step_text(step: Step, is_raw: bool) -> SafeString:
    """What the model wrote at a step; the usual kind, of which there are hundreds, without a template."""
    if step.kind == StepKind.THOUGHT and not is_raw:
        # typeset() returns only what its allow-list let through.
        return mark_safe(f'<div class="prose">{typeset(step.body, step.meta)}</div>')  # noqa: S308
    return render_to_string("parts/step_text.html", {"step": step, "is_raw": is_raw})


def problem_text(problem: Problem, is_raw: bool) -> SafeString:
    """What is asked of the model, as its steps are shown."""
    if is_raw:
        return mark_safe(typeset_raw(problem.text))  # noqa: S308
    return mark_safe(f'<div class="prose">{typeset(problem.text, problem.meta)}</div>')  # noqa: S308


@register.simple_tag(takes_context=True)
def standing(context: Context, name: str) -> SafeString:
    """A part of the page that says the same about every trace: the levels' bar, the keys, the guidelines.

    It depends on the rubric version and on the person's keys and language alone, so for a version that cannot change
    any more it is rendered once for each choice of them.
    """
    rubric, user = context["project"].rubric, context["user"]
    shown = {
        "project": context["project"],
        "sheet": context["sheet"],
        "shortcuts": context["shortcuts"],
        "user": user,
    }
    if rubric is None or not rubric.is_frozen:
        return render_to_string(name, shown)
    key = (name, rubric.pk, rubric.created_at, context["keys_json"], user.has_shortcuts, get_language() or "")
    if key not in _standing:
        if len(_standing) >= MOST_KEPT:
            _standing.clear()
        _standing[key] = render_to_string(name, shown)
    return _standing[key]
