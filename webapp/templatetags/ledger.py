"""``{% load ledger %}``: the signals behind a step in words, and what each adds as a bar for or against."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from annotate.consensus.belief import PRIOR_NAME, ROLLOUTS_NAME
from annotate.consensus.explore.hearing import (
    EXCLUDED,
    GATE,
    KNOWN_TRACE,
    LATER,
    NOT_HEARD,
    NOT_SUBMITTED,
    PROBE,
    UNSURE,
    Heard,
)
from annotate.consensus.explore.ledger import Line
from annotate.enums import RaterKind
from annotate.wording import figure

from .marks import glyph

register = template.Library()

_HALF = 60


@register.filter
def error_place(place: int) -> str:
    """Where the first error of the trace is, in words; -1 for nowhere."""
    return gettext("no error") if place < 0 else gettext("first error at step %(n)d") % {"n": place + 1}


@register.filter
def signal_name(line: Line) -> str:
    if line.name == PRIOR_NAME and line.rater is None:
        return gettext("Before anybody spoke: answer, difficulty, where errors usually are")
    if line.name == ROLLOUTS_NAME and line.rater is None:
        return gettext("Rollouts")
    return line.name


@register.simple_tag
def signal_glyph(kind: str) -> SafeString:
    """The sign of the signal's kind; none for what is assumed of a trace before anybody speaks."""
    if kind == ROLLOUTS_NAME:
        return glyph(RaterKind.ROLLOUT)
    return glyph(kind) if kind in RaterKind.values else SafeString("")


@register.filter
def signed_odds(log_odds: float) -> str:
    shown = figure(f"{abs(log_odds):.2f}")
    if not float(f"{log_odds:.2f}"):
        return shown
    return f"+{shown}" if log_odds > 0 else f"−{shown}"


@register.simple_tag
def odds_bar(log_odds: float, widest: float) -> SafeString:
    """Right of the middle for the most probable place, left of it against; the number stands beside it."""
    width = round(min(1.0, abs(log_odds) / widest) * _HALF, 1) if widest else 0
    x = _HALF if log_odds >= 0 else _HALF - width
    return format_html(
        '<svg class="odds" viewBox="0 0 120 14" aria-hidden="true"><path class="odds-zero" d="M60 0V14"/>'
        '<rect class="{}" x="{}" y="3" width="{}" height="8"/></svg>',
        "odds-for" if log_odds >= 0 else "odds-against",
        x,
        width,
    )


@register.filter
def aside_words(heard: Heard) -> str:
    """Why a label did not speak, as a sentence."""
    said = {
        GATE: gettext("Below the project’s gate: %(told)s."),
        EXCLUDED: gettext("A manager has left this rater out of consensus."),
        UNSURE: gettext("Unsure is no vote."),
        LATER: gettext("It came in after this run."),
        PROBE: gettext("Probes rank steps and never vote."),
        KNOWN_TRACE: gettext("A reading of a trace whose answer is known: it measures its reader."),
        NOT_SUBMITTED: gettext("Its reading was not submitted."),
        NOT_HEARD: gettext("This policy did not listen to it."),
    }
    return said[heard.aside] % {"told": heard.told}
