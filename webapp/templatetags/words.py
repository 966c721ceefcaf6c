"""What every page needs to speak a language: words within a sentence, and the words that its scripts say."""

from __future__ import annotations

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _

from annotate.enums import CriterionKind, Scope
from webapp.script_words import catalogue_for

register = template.Library()

# Languages whose nouns keep their capital within a sentence.
CAPITALIZED_NOUNS = {"de"}


@register.filter
def mid(title: object) -> str:
    """A title in the middle of a sentence: in lower case, where the language writes nouns so."""
    text = str(title)
    return text if (get_language() or "").partition("-")[0] in CAPITALIZED_NOUNS else text.lower()


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
        Scope.STEP: _("%(kind)s about each step"),
        Scope.TRACE: _("%(kind)s about the trace"),
        Scope.PAIR: _("%(kind)s about the pair"),
        Scope.CANDIDATE: _("%(kind)s about the candidate"),
    }
    return said[Scope(scope)] % {"kind": CriterionKind(kind).label}
