"""Exact arithmetic over tokens: a small recursive-descent parser on fractions, with caps instead of ``eval``.

::

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/") factor | "(" sum ")" }
    factor  = [ "+" | "-" ] power
    power   = atom [ "^" [ "-" ] number ]
    atom    = ( number | "(" sum ")" ) [ "%" ] { unit }
    unit    = word | "/" word
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from annotate.prelabel.verifiers.arithmetic.notation import Token

MAX_DEPTH = 20
MAX_EXPONENT = 12
MAX_BITS = 256
# A unit ends where its sentence goes on: "the charge of 3 ions is -2*3".
_VERBS = frozenset(
    ("is", "are", "was", "were", "be", "been", "has", "have", "had", "gives", "makes", "costs")
)
# After these, a word no longer names what is counted: "4 so she needs a box", "9 in all".
_GOES_ON = frozenset(
    (
        *("so", "then", "thus", "therefore", "which", "that", "as", "since", "because"),
        *("while", "when", "where", "but", "and", "or", "for", "with", "at", "on", "after"),
        *("before", "per", "each", "every", "in", "into", "it", "he", "she", "we", "they"),
        *("you", "there", "this", "these", "those", "total", "altogether", "left"),
    )
)


class NotArithmetic(Exception):
    """The tokens at this place are not an expression we dare to evaluate."""


@dataclass(slots=True)
class Expression:
    """A value and what a careful reader wants to know about how it was written.

    ``units`` are all words within and after it, ``things`` those that may name what is counted.
    """

    value: Fraction
    start: int
    end: int
    operators: int
    units: frozenset[str]
    things: frozenset[str]
    has_percent: bool
    has_decimal: bool
    has_sum: bool
    is_bracketed: bool
    has_open_divisor: bool


@dataclass(slots=True)
class _Notes:
    operators: int = 0
    units: set[str] = field(default_factory=set)
    things: set[str] = field(default_factory=set)
    has_percent: bool = False
    has_decimal: bool = False
    has_sum: bool = False
    has_open_divisor: bool = False


def parse(tokens: Sequence[Token], start: int, *, divides_by_all: bool = False) -> Expression:
    """The longest expression that begins at ``start``; ``end`` is the index after it.

    ``divides_by_all`` takes everything that is multiplied after a stroke for the divisor: 12 / 3 * 2 is 2.
    """
    parser = _Parser(tokens, start, divides_by_all)
    value = parser.sum(0)
    notes = parser.notes
    return Expression(
        value,
        start,
        parser.at,
        notes.operators,
        frozenset(notes.units),
        frozenset(notes.things),
        notes.has_percent,
        notes.has_decimal,
        notes.has_sum,
        _is_bracketed(tokens[start : parser.at]),
        notes.has_open_divisor,
    )


def _is_bracketed(tokens: Sequence[Token]) -> bool:
    """Whether the bracket that opens an expression closes where it ends."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if depth == 0:
            return place == len(tokens) - 1 and token.kind == "close"
    return False


class _Parser:
    def __init__(self, tokens: Sequence[Token], start: int, divides_by_all: bool) -> None:
        self._tokens = tokens
        self._divides_by_all = divides_by_all
        self.at = start
        self.notes = _Notes()

    def sum(self, depth: int) -> Fraction:
        value = self._product(depth)
        while self._sees("op", "+-"):
            sign = self._take().text
            self._count(is_sum=True)
            term = self._product(depth)
            value = _bounded(value + term if sign == "+" else value - term)
        return value

    def _product(self, depth: int) -> Fraction:
        value = self._factor(depth)
        has_divided = False
        while True:
            if self._sees("op", "*/"):
                sign = self._take().text
                self._count()
                is_whole = sign == "/" and self._divides_by_all
                factor = self._product(depth) if is_whole else self._factor(depth)
                # 28 / 1/5 is 28 divided by a fifth to whoever writes it, and 28 / 2 * 10^3 divided by two thousand.
                self.notes.has_open_divisor |= has_divided and sign == "/"
                self.notes.has_open_divisor |= sign == "/" and self._sees_power_of_ten()
                has_divided = has_divided or sign == "/"
                value = _bounded(value * factor if sign == "*" else _ratio(value, factor))
            elif self._sees("open", "(") and self._tokens[self.at - 1].kind in ("number", "close"):
                # 6/2(1+2) is read both ways by careful people.
                if has_divided:
                    raise NotArithmetic
                self._count()
                value = _bounded(value * self._atom(depth))
            else:
                return value

    def _factor(self, depth: int) -> Fraction:
        if self._sees("op", "+-"):
            sign = self._take().text
            value = self._power(depth)
            return -value if sign == "-" else value
        return self._power(depth)

    def _power(self, depth: int) -> Fraction:
        base = self._atom(depth)
        if not self._sees("op", "^"):
            return base
        # 18 cm^-1 raises the unit.
        if self._kind(self.at - 1) == "word":
            raise NotArithmetic
        self._take()
        self._count()
        sign = -1 if self._sees("op", "-") else 1
        if sign < 0:
            self._take()
        if not self._sees("number"):
            raise NotArithmetic
        exponent = self._take().value
        if exponent.denominator != 1 or exponent > MAX_EXPONENT or (base == 0 and sign < 0):
            raise NotArithmetic
        return _bounded(Fraction(base ** (sign * int(exponent))))

    def _atom(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise NotArithmetic
        if self._sees("number"):
            token = self._take()
            value = token.value
            self.notes.has_decimal |= token.is_decimal
        elif self._sees("open"):
            self._take()
            value = self.sum(depth + 1)
            if not self._sees("close"):
                raise NotArithmetic
            self._take()
        else:
            raise NotArithmetic
        if self._sees("percent"):
            self._take()
            self.notes.has_percent = True
            value /= 100
        self._units()
        return value

    def _units(self) -> None:
        names_things = True
        while True:
            if self._sees("word") and self._tokens[self.at].text.lower() not in _VERBS:
                word = self._take().text.lower()
                names_things = names_things and word not in _GOES_ON
                self.notes.units.add(word)
                if names_things:
                    self.notes.things.add(word)
            elif self._sees("op", "/") and self._kind(self.at + 1) == "word":
                self._take()
            else:
                return

    def _count(self, *, is_sum: bool = False) -> None:
        self.notes.operators += 1
        self.notes.has_sum |= is_sum

    def _sees_power_of_ten(self) -> bool:
        signs = [token.text for token in self._tokens[self.at : self.at + 3]]
        return signs == ["*", "10", "^"]

    def _kind(self, index: int) -> str:
        return self._tokens[index].kind if index < len(self._tokens) else ""

    def _sees(self, kind: str, signs: str = "") -> bool:
        return self._kind(self.at) == kind and (not signs or self._tokens[self.at].text in signs)

    def _take(self) -> Token:
        self.at += 1
        return self._tokens[self.at - 1]


def _ratio(value: Fraction, divisor: Fraction) -> Fraction:
    if divisor == 0:
        raise NotArithmetic
    return value / divisor


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise NotArithmetic
    return value
