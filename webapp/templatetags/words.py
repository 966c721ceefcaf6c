"""What every page needs to speak a language: words within a sentence, and the words that its scripts say."""

from __future__ import annotations

from functools import cache

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override

from annotate.enums import Action, CriterionKind, Scope
from annotate.wording import mid
from webapp.script_words import catalogue_for
from workers.process_name import place_of

register = template.Library()
register.filter("mid", mid)
register.filter("worker_place", place_of)


@register.filter
def spoken(text: object) -> str:
    """A text that the program keeps in English (a strategy's title, a preset's), in the person's language."""
    return gettext(str(text)) if text else ""


@register.simple_tag
def script_words(entry: str) -> SafeString:
    """What the script with this entry says, as data for static/js/words.js; nothing where it says it in English."""
    words = catalogue_for(entry, get_language() or "")
    return json_script(words, "script-words") if words else SafeString("")


@register.filter
def asked_about(kind: str, scope: str) -> str:
    """``Verdict about each step``."""
    said = {
        Scope.STEP: gettext("%(kind)s about each step"),
        Scope.TRACE: gettext("%(kind)s about the trace"),
        Scope.PAIR: gettext("%(kind)s about the pair"),
        Scope.CANDIDATE: gettext("%(kind)s about the candidate"),
        Scope.LINEUP: gettext("%(kind)s about the lineup"),
    }
    return said[Scope(scope)] % {"kind": CriterionKind(kind).label}


@register.filter
def action_title(action: str) -> str:
    """What a decision does with steps; empty for the row of all steps."""
    return str(Action(action).label) if action else ""


@register.filter
def step_title(number: int | str) -> str:
    """``Step 3``. A page of 500 steps says it 1,500 times, hence neither blocktranslate nor a look-up for each."""
    return _step_title(get_language() or "") % {"position": number}


@cache
def _step_title(language: str) -> str:
    with override(language):
        return gettext("Step %(position)s")
