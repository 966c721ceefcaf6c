"""``{% load reasoning %}``: show what a model wrote, as safe HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.defaultfilters import truncatechars
from django.utils.safestring import SafeString, mark_safe

from annotate.enums import StepKind
from annotate.models import Step

from .typeset import reveal, typeset, typeset_raw

register = template.Library()

FOLD_AFTER = 12
OPENING = 300


@dataclass(frozen=True, slots=True)
class Folded:
    """A long tool output: its first lines, and the rest behind a count."""

    head: SafeString
    rest: SafeString
    n_hidden: int


@register.filter
def reasoning(text: str, meta: Any = None) -> SafeString:
    """``meta``: that of the step or problem, where its images are shown as well."""
    # typeset() returns only what its allow-list let through.
    return mark_safe(typeset(text, meta))  # noqa: S308


@register.filter
def raw_text(text: str) -> SafeString:
    return mark_safe(typeset_raw(text))  # noqa: S308


@register.filter
def folded(step: Step) -> Folded | None:
    """None for thoughts and actions, and for observations short enough to show whole."""
    lines = step.body.split("\n")
    if step.kind != StepKind.OBSERVATION or len(lines) <= FOLD_AFTER:
        return None
    head, rest = lines[:FOLD_AFTER], lines[FOLD_AFTER:]
    return Folded(raw_text("\n".join(head)), raw_text("\n".join(rest)), len(rest))


def opening(text: str) -> str:
    """What a line holds of a text: as ``truncatechars`` would cut it, which looks at every character."""
    if not text.isascii():
        return str(truncatechars(text, OPENING))
    return text if len(text) <= OPENING else f"{text[: OPENING - 1]}…"


@register.filter
def revealed(text: str) -> str:
    """Plain text with what cannot be seen spelled out; the template escapes it as any other."""
    return reveal(text)
