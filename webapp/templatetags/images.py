"""``{% load images %}``: what came in as an image with a step or a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from annotate.ingest.image_entries import Shown, shown_images
from annotate.models import Assignment, Comparison, Problem, Step, Trace

register = template.Library()


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with its address on this site, empty for one from afar, and the words for those who cannot see it."""

    shown: Shown
    url: str
    alt: str


# What a person reads a step or problem through; a number is the key of a trace.
By: TypeAlias = Trace | Assignment | Comparison | int
_ADDRESSES: dict[type, str] = {Assignment: "assignment-image", Comparison: "comparison-image"}


@register.simple_tag
def images(of: Step | Problem, by: By) -> SafeString:
    """The images of a step or problem."""
    found = shown_images(of.meta)
    if not found:
        return mark_safe("")
    pictures = [Picture(one, _url(one, by), _alt(one, of)) for one in found]
    return render_to_string("parts/images.html", {"pictures": pictures})


def _url(one: Shown, by: By) -> str:
    key = by if isinstance(by, int) else by.pk
    return reverse(_ADDRESSES.get(type(by), "trace-image"), args=[key, one.digest]) if one.digest else ""


def _alt(one: Shown, of: Step | Problem) -> str:
    if one.alt:
        return one.alt
    if isinstance(of, Step):
        return gettext("Image %(n)s of step %(step)s") % {"n": one.number, "step": of.position + 1}
    return gettext("Image %(n)s of the problem") % {"n": one.number}
