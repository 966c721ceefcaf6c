"""``{% load images %}``: what came in as an image with a step or a problem."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from annotate.ingest.images import Shown, shown_images
from annotate.models import Assignment, Problem, Step, Trace

register = template.Library()


@dataclass(frozen=True, slots=True)
class Picture:
    """An image with its address on this site, empty for one from afar, and the words for those who cannot see it."""

    shown: Shown
    url: str
    alt: str


@register.simple_tag
def images(of: Step | Problem, by: Trace | Assignment) -> SafeString:
    """The images of a step or problem; ``by`` is what the person reads it through."""
    found = shown_images(of.meta)
    if not found:
        return mark_safe("")
    pictures = [Picture(one, _url(one, by), _alt(one, of)) for one in found]
    return render_to_string("parts/images.html", {"pictures": pictures})


def _url(one: Shown, by: Trace | Assignment) -> str:
    name = "assignment-image" if isinstance(by, Assignment) else "trace-image"
    return reverse(name, args=[by.pk, one.digest]) if one.digest else ""


def _alt(one: Shown, of: Step | Problem) -> str:
    if one.alt:
        return one.alt
    if isinstance(of, Step):
        return gettext("Image %(n)s of step %(step)s") % {"n": one.number, "step": of.position + 1}
    return gettext("Image %(n)s of the problem") % {"n": one.number}
