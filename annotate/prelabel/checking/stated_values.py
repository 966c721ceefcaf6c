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
# What a number is multiplied by when it is told in another unit: percent and thousands; miles, feet, inches, pounds,
# ounces, gallons, metres a second; minutes, hours, days, weeks, dozens.
_CONVERSIONS = tuple(
    Fraction(text)
    for text in (
        *("100", "1000", "1000000", "1000000000"),
        *("1.609344", "3.28084", "0.3048", "2.54", "2.204623", "28.349523", "3.785412", "3.6"),
        *("60", "3600", "24", "7", "12"),
    )
)
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
    """Equal, or rounded at the last digit shown, is supported.

    A difference below 1 %, what another unit would make of the number, and two ways to write a name or a date are
    unclear.
    """
    plain = claimed.strip().strip("\"'`“”")
    left, right = number(plain), number(actual)
    if left is None or right is None:
        if _folded(plain) == _folded(str(actual)):
            return "supported"
        is_alike = _is_another_spelling(_folded(plain), _folded(str(actual))) or isinstance(actual, bool)
        return "unclear" if is_alike or (left is None) != (right is None) else "refuted"
    if left == right:
        return "supported"
    places = len(plain.rpartition(".")[2]) if "." in plain else 0
    difference = abs(left - right)
    if right.denominator != 1 and difference < Fraction(1, 10**places):
        return "supported" if places else "unclear"
    return "unclear" if _is_near(left, right) or _is_converted(left, right) else "refuted"


def _is_near(left: Fraction, right: Fraction) -> bool:
    return abs(left - right) <= _ROUGH * max(abs(left), abs(right))


def _is_converted(left: Fraction, right: Fraction) -> bool:
    """Whether one is the other in another unit, degrees Celsius and Fahrenheit among them."""
    pairs = ((left, right), (right, left))
    return any(
        _is_near(first, second * 9 / 5 + 32)
        or any(_is_near(first, second * factor) for factor in _CONVERSIONS)
        for first, second in pairs
    )


def _is_another_spelling(first: str, second: str) -> bool:
    """ "Paris" and "Paris, France", "USA" and "United States of America", "May 5, 2020" and "2020-05-05"."""
    if first in second or second in first:
        return True
    digits = [{int(group) for group in re.findall(r"\d{1,9}", text)} for text in (first, second)]
    if digits[0] and digits[0] == digits[1]:
        return True
    return _abbreviates(first, second) or _abbreviates(second, first)


def _abbreviates(short: str, long: str) -> bool:
    letters = re.sub(r"\W", "", short)
    initials = "".join(word[0] for word in re.findall(r"\w+", long))
    # "of" and "the" have no letter of their own in most abbreviations.
    main = "".join(word[0] for word in re.findall(r"\w+", long) if word not in ("of", "the", "and", "for"))
    return len(letters) > 1 and letters in (initials, main)


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
