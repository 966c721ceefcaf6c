"""Words and figures within sentences, in the language that is spoken at the moment."""

from __future__ import annotations

from django.utils.formats import get_format
from django.utils.translation import get_language

# Languages whose nouns keep their capital within a sentence.
CAPITALIZED_NOUNS = {"de"}


def mid(title: object) -> str:
    """A title in the middle of a sentence: in lower case, where the language writes nouns so."""
    text = str(title)
    return text if (get_language() or "").partition("-")[0] in CAPITALIZED_NOUNS else text.lower()


def figure(number: str) -> str:
    """``12,345.60`` as the language writes it: ``12.345,60`` in German."""
    marks = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
    return "".join(marks.get(sign, sign) for sign in number)


def percent(share: float) -> str:
    """``80%``, and ``80 %`` in languages that set the sign apart."""
    return f"{share:.0%}".replace("%", " %" if (get_language() or "").startswith("de") else "%")
