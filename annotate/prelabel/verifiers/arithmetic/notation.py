"""Prose, LaTeX and calculator notation to one stream of tokens.

A *poison* token is anything that may change a number's meaning and is not understood (a variable, a root, a
subscript): no expression that touches one is evaluated. A *break* ends a statement.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Kind = Literal["number", "op", "open", "close", "relation", "percent", "word", "poison", "break"]

MAX_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Token:
    """One sign. ``value`` is set for numbers; ``is_decimal`` says that the number was written with a
    point."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction = Fraction(0)
    is_decimal: bool = False


# A dash at a line's start: an item of a list, or a minus. No character that a text may hold.
DASH = "\ue000"
_VULGAR = "¼-¾⅐-⅞"
_WORD = rf"[^\W\d_{_VULGAR}][^\W_{_VULGAR}]*(?:['’-][^\W\d_{_VULGAR}]+)*"
_COMMAND_WITH_TEXT = r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}"
# In this order: what a later rule matches may be made by an earlier one.
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"\b0[xXbBoO][0-9a-fA-F]+\b", "@"),
        (r"<<|>>|\\\\|\\[\[\]]|—", "\n"),
        (r"\\begin\{[a-z]+\*?\}|\\end\{[a-z]+\*?\}", "\n"),
        (r"^[^\S\n]*(?:[*•]|\d+[.)])\s+", "\n"),
        (r"^[^\S\n]*-\s+", "\n" + DASH),
        (r"\\[$]|\\[,;:!]|[$€£&]|\\(?:left|right|displaystyle)\b|\{,\}(?=\D)", ""),
        (r"\{,\}", ","),
        (r"\\%", "%"),
        (r"\\[() ]|~|\\q?quad\b", " "),
        (_COMMAND_WITH_TEXT, r" \1 "),
        (r"(?<=\d)\s*\\[dt]?frac", "@"),
        (r"\\[dt]?frac\s*(\d)\s*(\d)", r"((\1)/(\2))"),
        (r"\\(?:times|cdot|ast)\b|[×·∙⋅∗]", "*"),
        (r"\\div\b|÷", "/"),
        (r"[−–]", "-"),
        (r"\\(?:approx|simeq|thickapprox)\b|[≈≃]", "≈"),
        (r"\\(?:implies|Rightarrow|rightarrow|to)\b|=>|->|[⇒→]", "\n"),
        (r"(?<=[\d)])\s*\*\*\s*(?=[\d(])", "^"),
        (r"\*\*|__", " "),
        (r"\^\s*\{\s*(-?\d+)\s*\}", r"^\1"),
        (r"(?<=[\d)])²", "^2"),
        (r"(?<=[\d)])³", "^3"),
        (r"[²³]|(?<=[a-z])\^[23]\b", ""),
        (r"(?<=\d)[ \t]*[xX][ \t]*(?=\d)|(?<=[\d)])[ \t]+[xX][ \t]+(?=[\d(])", "*"),
        (r"\bmultiplied\s+by\b|\btimes\b", "*"),
        (r"\bdivided\s+by\b", "/"),
        (r"\bplus\b", "+"),
        (r"\bminus\b", "-"),
        (r"\bequals\b|\bis\s+equal\s+to\b", "="),
        (r"(?<=[\d%])\s+of\s+(?=\d)", "*"),
        # Copied text loses raised exponents: 3 × 10-4, and 6.02 × 1023 where one digit and a point come first.
        (r"(?<=\*)\s*10-(?=\d)", "@"),
        (r"(?<![\d.])([1-9]\.\d+\s*)\*\s*10(?=[1-9]\d?\b(?!\.\d))", r"\1@"),
    )
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_TOKEN = re.compile(
    rf"(?P<number>\d{{1,3}}(?:,\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+|[{_VULGAR}])|(?P<word>{_WORD})"
    r"|(?P<relation>(?<![<>=!:])=(?![=>])|≈)|(?P<percent>%)|(?P<op>[+\-*/^])|(?P<open>[(\[])|(?P<close>[)\]])"
    rf"|(?P<break>[.,;:?!{DASH}\n\"“”…])|(?P<space>[ \t\r\f\v’']+)|(?P<poison>.)"
)
_FUNCTIONS = frozenset(
    (
        "pi",
        "sin",
        "cos",
        "tan",
        "log",
        "ln",
        "exp",
        "sqrt",
        "max",
        "min",
        "floor",
        "ceil",
        "gcd",
        "lcm",
        "choose",
        "mod",
    )
)
# A few letters stuck to a number are a product of variables unless they are one of these.
_SHORT_UNITS = frozenset(
    (
        *("cm", "mm", "km", "kg", "mg", "ml", "mL", "hr", "in", "ft", "yd", "lb", "oz", "am", "pm", "mi"),
        *("hrs", "lbs", "min", "sec", "mph", "kgs", "yds", "kph", "gal", "pcs", "day", "cup", "USD"),
    )
)
_MAX_VARIABLES = 3


def plain(text: str) -> str:
    """The text with LaTeX and typographic signs replaced by ASCII ones."""
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    while (unfolded := _FRACTION.sub(r"((\1)/(\2))", text)) != text:
        text = unfolded
    return text


def tokens(text: str) -> list[Token]:
    """Tokens of a text that went through :func:`plain`."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            continue
        is_glued = bool(found) and found[-1].end == match.start()
        found.append(_token(kind, match, text, found[-1] if is_glued else None))
    return found


def _token(kind: str | None, match: re.Match[str], text: str, glued_to: Token | None) -> Token:
    sign, start, end = match[0], match.start(), match.end()
    if kind == "number":
        # 0900 is a time of day.
        is_time = len(sign) > 1 and sign[0] == "0" and sign.isdigit()
        if is_time or len(sign) > MAX_DIGITS or (glued_to and glued_to.kind in ("word", "number", "poison")):
            return Token("poison", sign, start, end)
        return Token("number", sign, start, end, _number(sign), "." in sign)
    if kind == "word":
        # abs(…): a word right before a bracket works on what is within.
        if text[end : end + 1] == "(":
            return Token("poison", sign, start, end)
        following = text[end:].lstrip(" ")[:1]
        return Token(_word_kind(sign, glued_to, following), sign, start, end)
    if kind == "break" and _is_inside_number(sign, text, start, end):
        return Token("poison", sign, start, end)
    for known in ("op", "open", "close", "relation", "percent", "break"):
        if kind == known:
            return Token(known, sign, start, end)
    return Token("poison", sign, start, end)


def _number(sign: str) -> Fraction:
    return Fraction(unicodedata.normalize("NFKD", sign).replace("\u2044", "/").replace(",", ""))


def _word_kind(word: str, glued_to: Token | None, following: str) -> Kind:
    is_glued = glued_to is not None and glued_to.kind in ("number", "close", "op")
    is_article = word in "aAI" and not is_glued and following.isalpha()
    if word.lower() in _FUNCTIONS or (len(word) == 1 and not is_article):
        return "poison"
    if is_glued and len(word) <= _MAX_VARIABLES and word not in _SHORT_UNITS:
        return "poison"
    return "word"


def _is_inside_number(sign: str, text: str, start: int, end: int) -> bool:
    """A clock time, ratio, factorial or decimal comma: a break glued between a digit and what follows."""
    follows_digit = start > 0 and text[start - 1].isdigit()
    is_glued = end < len(text) and (text[end].isalnum() or text[end] in "=+-*/^(")
    return follows_digit and sign in ".,:!" and is_glued
