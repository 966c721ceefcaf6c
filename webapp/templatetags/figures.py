"""``{% load figures %}``: numbers with what they need to be believed."""

from __future__ import annotations

import math

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from annotate.models import Estimate
from annotate.wording import figure

register = template.Library()

# What each estimate is called, and what it says in one sentence.
STATISTICS = {
    "alpha_people": (
        gettext_lazy("Alpha among people"),
        gettext_lazy(
            "Krippendorff's alpha: 1 is full agreement, 0 what chance would give; a far miss weighs more"
            " than a near one."
        ),
    ),
    "alpha_all": (
        gettext_lazy("Alpha among all raters"),
        gettext_lazy("The same with machines as raters beside the people."),
    ),
    "percent_agreement_people": (
        gettext_lazy("Same answer, people"),
        gettext_lazy(
            "How often two people who labelled the same step gave the same answer. It does not correct for"
            " chance."
        ),
    ),
    "percent_agreement_all": (
        gettext_lazy("Same answer, all raters"),
        gettext_lazy("The same with machines as raters beside the people."),
    ),
    "anchoring": (
        gettext_lazy("Pull on people"),
        gettext_lazy(
            "How much more often people say what this machine says once they have seen it than they did"
            " before: 0 is no pull. Towards a machine that is right, a pull is an improvement."
        ),
    ),
    "gold_accuracy": (
        gettext_lazy("Right against gold"),
        gettext_lazy("How often the rater gives the gold answer where one is known."),
    ),
}


def digits_for(low: float | None, high: float | None) -> int:
    """Decimals the interval supports: down to the first digit of its half width, 1 to 3; 2 without an interval."""
    if low is None or high is None or high <= low:
        return 2
    return min(3, max(1, -math.floor(math.log10((high - low) / 2))))


@register.filter
def interval(estimate: Estimate) -> str:
    """``0.72 (0.66–0.78)``; the reason when there is no number."""
    if estimate.value is None:
        return estimate.reason
    digits = digits_for(estimate.low, estimate.high)
    shown = figure(f"{estimate.value:.{digits}f}")
    if estimate.low is None or estimate.high is None:
        return shown
    span = figure(f"({estimate.low:.{digits}f}–{estimate.high:.{digits}f})")
    return f"{shown} {span}".replace("-", "−")


@register.filter
def statistic(name: str) -> str:
    return str(STATISTICS[name][0]) if name in STATISTICS else name.replace("_", " ")


@register.filter
def in_a_sentence(name: str) -> str:
    return str(STATISTICS[name][1]) if name in STATISTICS else ""


@register.simple_tag
def whisker(estimate: Estimate) -> SafeString:
    """The estimate as a dot with its interval on a line from 0 to 1; nothing when there is no number."""
    if estimate.value is None:
        return SafeString("")
    value, low, high = (
        min(1.0, max(0.0, x if x is not None else estimate.value))
        for x in (estimate.value, estimate.low, estimate.high)
    )
    return format_html(
        '<svg class="whisker" viewBox="-4 0 128 16" aria-hidden="true"><path class="whisker-axis" d="M0 8H120"/>'
        '<path class="whisker-range" d="M{} 8H{}"/><circle cx="{}" cy="8" r="3.5"/></svg>',
        *(round(120 * x, 1) for x in (low, high, value)),
    )


@register.filter
def share(part: int, whole: int) -> int:
    """Whole per cent, never 100 before the end nor 0 after the start."""
    if whole <= 0 or part <= 0:
        return 0
    return 100 if part >= whole else min(99, max(1, round(100 * part / whole)))


@register.filter
def grouped(count: int) -> str:
    """``12,345``, as the language writes it: long counts are read in threes."""
    return figure(f"{count:,}")


@register.filter
def probability(value: float | None) -> str:
    return "" if value is None else figure(f"{value:.2f}")


@register.filter
def duration(seconds: float | None) -> str:
    """``40 s``, ``3 min``, ``2 h 5 min``; empty when unknown."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
