"""``{% load marks %}``: the shapes for verdicts and the glyphs for kinds of rater. Shape first, colour second."""

from __future__ import annotations

from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotate.enums import RaterKind, Verdict
from annotate.measure.messages import messages_to

register = template.Library()

FAMILIES = {
    RaterKind.ROLLOUT: gettext_lazy("Rollouts: can the model still get there from here"),
    RaterKind.JUDGE: gettext_lazy("Judges: a model reads the steps"),
    RaterKind.VERIFIER: gettext_lazy("Verifiers: a tool checks what can be checked"),
    RaterKind.PROBE: gettext_lazy("Probes: cheap signals for ranking steps"),
}
KNOWN = {*Verdict.values, "none"}


@register.inclusion_tag("parts/unread.html", takes_context=True)
def unread(context: template.Context) -> dict[str, object]:
    """Messages to whoever is signed in that they have not said to have read; after saying so they are back here."""
    request = context["request"]
    path = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    return {
        "unread": messages_to(request.user, is_unread=True),
        "path": path,
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def mark(level: str | None) -> SafeString:
    """The shape of a level; a level that is no verdict gets a plain square, no level the hollow dot."""
    return _shape((level if level in KNOWN else "other") if level else "none")


@cache
def _shape(name: str) -> SafeString:
    return format_html(
        '<svg class="mark mark-{0}" viewBox="0 0 16 16" aria-hidden="true"><use href="#mark-{0}"/></svg>',
        name,
    )


@register.simple_tag
def glyph(kind: str) -> SafeString:
    """The sign of a kind of rater, with its name for those who cannot see it."""
    return format_html(
        '<svg class="glyph" viewBox="0 0 16 16" role="img" aria-label="{1}"><title>{1}</title>'
        '<use href="#glyph-{0}"/></svg>',
        kind,
        RaterKind(kind).label,
    )


@register.filter
def family(kind: str) -> str:
    """What strategies that speak as this kind of rater are called together."""
    return str(FAMILIES.get(RaterKind(kind), RaterKind(kind).label))


@register.simple_tag
def tally(hits: int, misses: int, unknown: int) -> SafeString:
    """Rollouts as a row of dots: filled for a hit, hollow for a miss, a point for an unknown. Said in words beside."""
    return format_html("{}{}{}", "●" * hits, "○" * misses, "·" * unknown)
