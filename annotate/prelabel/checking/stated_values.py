"""Compare a value that a sentence states with one that a table or a tool holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from annotate.prelabel.checking.verdicts import Status

# A value in a sentence: a number with its sign, currency and separators, or a quoted text.
VALUE = r"(?P<value>[-−]?[$€£]?[-−]?\d[\d,]*(?:\.\d+)?|\"[^\"\n]{1,80}\"|`[^`\n]{1,80}`|“[^”\n]{1,80}”|'[^'\n]{1,80}')"
# What follows a number and would change it.
UNIT = (
    r"(?P<unit>\s?(?:%|°\s?[CFK]?|percent\b|thousand\b|million\b|billion\b|trillion\b)"
    r"|[kKmMbB]\b|\s?times\b|\s?[×*+/^-]\s?\d)?"
)

_NUMBER = re.compile(r"[-−+]?[$€£]?[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*")
_ROUGH = Fraction(1, 100)
MAX_DIGITS = 40
MAX_TEXT = 20_000


def sentences(text: str) -> list[str]:
    """Lines and sentences; a point within a number ends none. A text that is too long has none."""
    if len(text) > MAX_TEXT:
        return []
    return [found.strip() for found in _SENTENCE.findall(text) if found.strip()]


def number(text: Any) -> Fraction | None:
    """The number a text or a value consists of, currency, separators and a percent sign aside."""
    if isinstance(text, bool) or text is None:
        return None
    plain = str(text).strip().rstrip("%").strip()
    if len(plain) > MAX_DIGITS or not _NUMBER.fullmatch(plain):
        return None
    digits = re.sub(r"[$€£,]", "", plain.replace("−", "-"))
    return Fraction(digits)


def compare(claimed: str, actual: Any) -> Status:
    """Equal, or rounded at the last digit shown, is supported; a difference below 1 % is unclear."""
    plain = claimed.strip().strip("\"'`“”")
    left, right = number(plain), number(actual)
    if left is None or right is None:
        if _folded(plain) == _folded(str(actual)):
            return "supported"
        # "42" beside "42 km", "Paris" beside "Paris, France": part of the truth.
        is_part = bool(plain) and (
            _folded(plain) in _folded(str(actual)) or _folded(str(actual)) in _folded(plain)
        )
        return "unclear" if is_part or (left is None) != (right is None) else "refuted"
    if left == right:
        return "supported"
    places = len(plain.rpartition(".")[2]) if "." in plain else 0
    difference = abs(left - right)
    if right.denominator != 1 and difference < Fraction(1, 10**places):
        return "supported" if places else "unclear"
    return "unclear" if difference <= _ROUGH * max(abs(left), abs(right)) else "refuted"


def named(name: str) -> str:
    """A pattern for a column's or key's name as prose writes it: ``unit_price`` is "unit price"."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+", name) or [name]
    return r"[\s_-]*".join(re.escape(part) for part in parts)


def alternatives(names: Sequence[str]) -> str:
    """One pattern for several names, the longest first, so that "price" does not hide "unit price"."""
    return "|".join(named(name) for name in sorted(names, key=len, reverse=True))


def key(name: str) -> str:
    """How two spellings of one name are found to be the same."""
    return "".join(character for character in name.casefold() if character.isalnum())


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())
