"""What every page needs to speak a language: words within a sentence, and the words that its scripts say."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

register = template.Library()

# Languages whose nouns keep their capital within a sentence.
CAPITALIZED_NOUNS = {"de"}


@register.filter
def mid(title: object) -> str:
    """A title in the middle of a sentence: in lower case, where the language writes nouns so."""
    text = str(title)
    return text if (get_language() or "").partition("-")[0] in CAPITALIZED_NOUNS else text.lower()
