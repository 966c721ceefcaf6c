"""``{% load changes %}``: what changed between two releases, in words."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy

register = template.Library()

CHANGES = {
    "added": gettext_lazy("Added"),
    "lost": gettext_lazy("Lost"),
    "relabelled": gettext_lazy("Labelled otherwise"),
}
CAUSES = {
    "new_trace": gettext_lazy("the trace, or this way to cut it, is new"),
    "recut": gettext_lazy("the trace is gone, or was cut anew"),
    "reviewed": gettext_lazy("a reviewer decided"),
    "new_labels": gettext_lazy("there are new labels"),
    "fewer_labels": gettext_lazy("labels stand no longer"),
    "neighbours": gettext_lazy("other steps of the trace have new labels"),
    "policy": gettext_lazy("another rule or other parameters"),
    "decided_anew": gettext_lazy("the rule learned something else from all labels"),
}


@register.filter
def change_title(change: str) -> str:
    return str(CHANGES[change])


@register.filter
def words(name: str) -> str:
    """A name of a setting or a count, as it is, with spaces."""
    return name.replace("_", " ")


@register.filter
def cause_title(cause: str) -> str:
    return str(CAUSES[cause])
