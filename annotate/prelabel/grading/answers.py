"""Find the final answer a text states, and read it as an exact number where it is one.

Only a stated answer counts: a box, a ``####`` line, "Answer: …" or "the answer is …". Taking the last number
of a text instead would turn every unfinished solution into a wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_TEXT = 100_000
MAX_ANSWER = 400

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_HASHES = re.compile(r"^\s*####\s*(.+?)\s*$", re.MULTILINE)
_LABELLED = re.compile(r"\banswer\**\s*[:=]\**\s*(?P<value>[^\n]+)", re.IGNORECASE)
_SPOKEN = re.compile(r"\banswer\s+is\s*:?\s*(?P<value>[^\n]+)", re.IGNORECASE)
# A full stop ends a spoken answer only where it cannot be a decimal point.
_SENTENCE_END = re.compile(r"[.!](?:\s|$)")

_UNSIGNED = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s*(?:(?P<number>{_UNSIGNED})(?:\s*/\s*(?P<under>\d+))?"
    r"|\\[dt]?frac\s*\{\s*(?P<top>\d+)\s*\}\s*\{\s*(?P<bottom>\d+)\s*\})\s*(?P<percent>%?)"
)
_UNIT = re.compile(r"[A-Za-z]+(?:[ /-][A-Za-z]+)*\.?")
# Words that change the number, or say that it is not the answer: such a text is not a plain number.
_NOT_UNITS = re.compile(
    r"\b(?:hundred|thousand|million|billion|trillion|dozens?|percent|k|m|bn|half|halves|thirds?|quarters?"
    r"|or|and|not|no|if|but|to|than|squared|cubed|factorial|mod|modulo|pi|e|i)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"[\s(\[]*(?P<letter>[A-J])(?:[\s)\]]*$|[).:]\s.*$)", re.DOTALL)
_WRAPPERS = (
    (r"\(", r"\)"),
    (r"\[", r"\]"),
    ("$$", "$$"),
    ("$", "$"),
    ("**", "**"),
    ("`", "`"),
)
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}")
_FUNCTION = re.compile(r"(?<!\\)\b(?:pi|sin|cos|tan|log|ln|exp|sqrt|infinity|inf|infty)\b", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]+\*?\}")
# A word, or a run of several short ones ("so be it"): products of variables are written in single letters.
_PROSE = re.compile(r"(?<!\\)\b(?:[A-Za-z]{3,}|or|[A-Za-z]{2}(?:\s+[A-Za-z]{2})+)\b")


@dataclass(frozen=True, slots=True)
class PlainNumber:
    """An exact value; ``is_percent`` keeps that "50%" may mean 50 or 0.5."""

    value: Fraction
    is_percent: bool

    def agrees_with(self, other: PlainNumber) -> bool:
        """Equal, where a percent sign on either side allows both of its readings."""
        if self.value == other.value:
            return True
        if not (self.is_percent or other.is_percent):
            return False
        return self.value == other.value * 100 or other.value == self.value * 100


def final_answer(text: str) -> str | None:
    """The last stated final answer, or None when none is stated or its box never closes.

    A box outranks the other forms: it is the one nobody writes by accident ("the answer is not 5 because …").
    A text that is nothing but one short expression states itself.
    """
    boxes = list(_BOX.finditer(text))
    if boxes:
        return _braced(text, boxes[-1].end())
    for pattern in (_HASHES, _LABELLED, _SPOKEN):
        matches = pattern.findall(text)
        if matches:
            return _tidied(_first_sentence(matches[-1]))
    bare = text.strip()
    is_bare = bare and "\n" not in bare and (plain_number(bare) or choice_letter(bare) or is_formula(bare))
    return _tidied(bare) if is_bare else None


def plain_number(text: str) -> PlainNumber | None:
    """The number a text consists of, units and currency signs aside; None for everything richer."""
    cleaned = (
        _TEXT_COMMAND.sub(r" \1", _tidied(text)).replace("\\$", "").replace("\\%", "%").replace("−", "-")
    )
    cleaned = re.sub(r"[$€£¥]|\\!|\\,|\{,\}", lambda m: "," if m[0] == "{,}" else "", cleaned).strip()
    match = _NUMBER.match(cleaned)
    if match is None or not _is_unit(cleaned[match.end() :]):
        return None
    if match["number"] is not None:
        value = Fraction(match["number"].replace(",", ""))
        under = int(match["under"] or 1)
    else:
        value, under = Fraction(int(match["top"])), int(match["bottom"])
    if under == 0:
        return None
    return PlainNumber((-value if match["sign"] == "-" else value) / under, bool(match["percent"]))


def choice_letter(text: str) -> str | None:
    """The letter of a multiple-choice answer such as ``B``, ``(B)`` or ``B) 17 cm``."""
    match = _CHOICE.match(_TEXT_COMMAND.sub(r"\1", _tidied(text)))
    return match["letter"] if match else None


def words(text: str) -> str | None:
    """A purely verbal answer, folded for comparison; None when it holds any digit or formula sign."""
    plain = _TEXT_COMMAND.sub(r"\1", _tidied(text)).strip(" .!")
    is_verbal = bool(re.fullmatch(r"[^\W\d_][^\W\d_'’ -]+", plain)) and not _FUNCTION.search(plain)
    return " ".join(plain.casefold().split()) if is_verbal else None


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position].strip() or None
    return None


def _first_sentence(value: str) -> str:
    end = _SENTENCE_END.search(value)
    return value[: end.start()] if end else value


def _tidied(text: str) -> str:
    tidy = text.strip()
    while True:
        before = tidy
        for left, right in _WRAPPERS:
            if len(tidy) > len(left + right) and tidy.startswith(left) and tidy.endswith(right):
                inner = tidy[len(left) : -len(right)]
                tidy = tidy if left in inner else inner.strip()
        tidy = tidy.rstrip(" .;,") if not tidy.endswith("\\,") else tidy
        tidy = tidy.strip("*").strip()
        if tidy == before:
            return tidy


def _is_unit(rest: str) -> bool:
    unit = rest.replace("^2", "").replace("^3", "").replace("²", "").replace("³", "").strip()
    unit = re.sub(r"^(?:\^?\\circ|\^\{\\circ\}|°)\s*", "", unit)
    if not unit:
        return True
    return bool(_UNIT.fullmatch(unit)) and not _NOT_UNITS.search(unit) and not _is_variable(unit, rest)


def _is_variable(unit: str, rest: str) -> bool:
    """``5x`` and ``5 x`` are products, ``5 g`` and ``5 apples`` are amounts."""
    return len(unit) == 1 and (unit not in "gLls" or not rest.startswith(" "))


def is_formula(text: str) -> bool:
    """No prose in it: a formula parser would read "2 million" as a product of seven letters."""
    formula = _FUNCTION.sub("", _ENVIRONMENT.sub("", _TEXT_COMMAND.sub("", text)))
    return len(text) <= MAX_ANSWER and not _PROSE.search(formula)
