"""Words and figures within sentences, in the language that is spoken at the moment."""

from __future__ import annotations

import re

from django.utils.formats import get_format
from django.utils.translation import get_language, gettext

# Languages whose nouns keep their capital within a sentence.
CAPITALIZED_NOUNS = {"de"}


# How a rule of the queue writes down why it pauses somebody: whoever reads it later has a language of their own.
_BY_RULE = re.compile(r"rule:(accuracy|pace):([0-9.e+-]+):([0-9]+):([0-9.e+-]+)")


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


def pause_code(why: str, *, found: float, of: int, asked: float) -> str:
    """Why a rule pauses somebody: ``accuracy`` or ``pace``, what was found in how many, and what is asked for."""
    return f"rule:{why}:{found:.6g}:{of}:{asked:.6g}"


def pause_words(reason: str) -> str:
    """What stands behind a pause: a rule's code in words, a person's words as they are."""
    code = _BY_RULE.fullmatch(reason)
    if code is None:
        return reason
    found, asked = float(code[2]), float(code[4])
    if code[1] == "accuracy":
        return gettext(
            "%(accuracy)s right in the last %(n)s readings with a known answer; the project asks for %(asked)s"
        ) % {"accuracy": percent(found), "n": code[3], "asked": percent(asked)}
    return gettext(
        "a median of %(seconds)s seconds per step in the last %(n)s traces; the project asks for %(asked)s"
    ) % {"seconds": figure(f"{found:.1f}"), "n": code[3], "asked": figure(f"{asked:g}")}
