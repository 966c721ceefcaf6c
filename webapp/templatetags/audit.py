"""``{% load audit %}``: a judge's audit rates as bars, and what stands beside them in words."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotate.measure.reports import Rate

register = template.Library()

GROUPS = {
    "keys": gettext_lazy("Texts with nothing in them"),
    "changes": gettext_lazy("Changes that must, or must not, matter"),
    "biases": gettext_lazy("What must not sway a judge (lower is better)"),
    "votes": gettext_lazy("Asked again"),
}
STATES = {
    "trusted": gettext_lazy("Trusted"),
    "below": gettext_lazy("Below the gate"),
    "unaudited": gettext_lazy("Not audited yet"),
}
_WIDTH = 120


@register.filter
def group_title(group: str) -> str:
    return str(GROUPS[group])


@register.filter
def trust_state(state: str) -> str:
    return str(STATES[state])


@register.simple_tag
def rate_bar(rate: Rate) -> SafeString:
    """The rate as a bar with its interval and, as a tick, what the gate wants: full where it is met, else hollow."""
    estimate = rate.estimate
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return SafeString("")
    tick = SafeString("")
    if rate.wanted is not None:
        tick = format_html('<path class="rate-gate" d="M{} 0V16"/>', round(_WIDTH * rate.wanted, 1))
    value, low, high = (round(_WIDTH * x, 1) for x in (estimate.value, estimate.low, estimate.high))
    met = "is-bias" if rate.family.is_bias else "is-met"
    return format_html(
        '<svg class="rate {}" viewBox="-1 -1 122 18" aria-hidden="true">'
        '<rect class="rate-track" width="120" height="16"/>'
        '<rect class="rate-bar" y="3" width="{}" height="10"/>'
        '<path class="rate-range" d="M{} 8H{}"/>{}</svg>',
        "is-missed" if rate.is_missed else met,
        value,
        low,
        high,
        tick,
    )
