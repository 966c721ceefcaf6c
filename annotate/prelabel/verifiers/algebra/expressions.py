r"""Formulas as small trees, and their values at given points: exact fractions as far as they go, then floats.

::

    sum     = ["+" | "-"] product { ("+" | "-") product }
    product = factor { ("*" | "/") ["-"] factor | factor }
    factor  = atom [ "^" exponent ]
    atom    = number | name | "(" sum ")" | \frac{sum}{sum} | \sqrt[whole]{sum}

Nothing is ever handed to ``eval`` or to a symbolic engine, so a hostile formula costs no more than its length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from annotate.prelabel.verifiers.algebra.notation import Token

MAX_DEPTH = 20
MAX_EXPONENT = 12
MAX_BITS = 2048

Value = Fraction | float


class NotAlgebra(Exception):
    """These tokens are no formula that is read here."""


class Undefined(Exception):
    """The formula has no real value at this point, or one too large to write down."""


@dataclass(frozen=True, slots=True)
class Node:
    """``sign`` is an operator, ``root``, ``name`` or ``number``."""

    sign: str
    parts: tuple[Node, ...] = ()
    name: str = ""
    number: Fraction = Fraction(0)

    @property
    def names(self) -> frozenset[str]:
        own = frozenset({self.name}) if self.name else frozenset()
        return own.union(*(part.names for part in self.parts))

    def has(self, sign: str) -> bool:
        return self.sign == sign or any(part.has(sign) for part in self.parts)

    @property
    def works_on_a_sum(self) -> bool:
        is_work = self.sign in {"*", "/", "^", "root"}
        return any((is_work and part.sign in {"+", "-"}) or part.works_on_a_sum for part in self.parts)

    @property
    def is_plain_number(self) -> bool:
        """A whole number, with its sign or without."""
        is_negative = self.sign == "-" and self.parts[0] == Node("number")
        return (self.parts[1] if is_negative else self).sign == "number"

    @property
    def has_decimal(self) -> bool:
        return (self.sign == "decimal") or any(part.has_decimal for part in self.parts)


def parse(tokens: Sequence[Token]) -> Node:
    """The tree of a whole sequence of tokens; ``NotAlgebra`` where a part of it cannot be read."""
    parser = _Parser(tokens)
    tree = parser.sum(0)
    if parser.at != len(tokens):
        raise NotAlgebra
    return tree


def value(node: Node, point: Mapping[str, Value]) -> Value:
    """The value at a point that gives every name of the formula one."""
    if node.sign in {"number", "decimal"}:
        return node.number
    if node.sign == "name":
        return math.pi if node.name == "π" else point[node.name]
    values = [value(part, point) for part in node.parts]
    try:
        return _bounded(_combined(node.sign, values))
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise Undefined from error


def _combined(sign: str, values: Sequence[Value]) -> Value:
    first = values[0]
    second = values[1] if len(values) > 1 else Fraction(0)
    if sign == "+":
        return first + second
    if sign == "-":
        return first - second
    if sign == "*":
        return first * second
    if sign == "/":
        return first / second
    if sign == "^":
        return _power(first, second)
    return _root(first, int(second))


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, float) or abs(exponent) > MAX_EXPONENT:
        raise Undefined
    if exponent.denominator == 1:
        return base ** int(exponent)
    return _root(base, exponent.denominator) ** exponent.numerator


def _root(radicand: Value, degree: int) -> Value:
    if radicand < 0 or not 2 <= degree <= MAX_EXPONENT:
        raise Undefined
    if isinstance(radicand, Fraction) and degree == 2:
        above, below = math.isqrt(radicand.numerator), math.isqrt(radicand.denominator)
        if Fraction(above, below) ** 2 == radicand:
            return Fraction(above, below)
    return math.pow(float(radicand), 1.0 / degree)


def _bounded(found: Value) -> Value:
    if isinstance(found, Fraction):
        if max(found.numerator.bit_length(), found.denominator.bit_length()) > MAX_BITS:
            raise Undefined
    elif not math.isfinite(found):
        raise Undefined
    return found


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self.at = 0

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NotAlgebra
        sign = self._take().text if self._sees("op", "+-") else "+"
        total = self._product(depth)
        if sign == "-":
            total = Node("-", (Node("number"), total))
        while self._sees("op", "+-"):
            sign = self._take().text
            total = Node(sign, (total, self._product(depth)))
        return total

    def _product(self, depth: int) -> Node:
        product = self._factor(depth)
        has_divided = False
        while True:
            if self._sees("op", "*/"):
                sign = self._take().text
                is_negative = self._sees("op", "-")
                if is_negative:
                    self._take()
                factor = self._factor(depth)
                if is_negative:
                    factor = Node("-", (Node("number"), factor))
                has_divided = sign == "/"
                product = Node(sign, (product, factor))
            elif self._kind() in {"name", "frac", "root", "open"}:
                # 1/2x is read both ways, and {…} or […] beside a factor is a set, a pair or a unit.
                if has_divided or (self._kind() == "open" and self._tokens[self.at].text != "("):
                    raise NotAlgebra
                product = Node("*", (product, self._factor(depth)))
            else:
                return product

    def _factor(self, depth: int) -> Node:
        base = self._atom(depth)
        if not self._sees("op", "^"):
            return base
        self._take()
        if self._sees("open", "{") or self._sees("open", "("):
            exponent = self._group(depth)
        elif self._kind() == "number":
            exponent = self._atom(depth)
        else:
            raise NotAlgebra
        if exponent.names or self._sees("op", "^"):
            raise NotAlgebra
        return Node("^", (base, exponent))

    def _atom(self, depth: int) -> Node:
        kind = self._kind()
        if kind == "number":
            text = self._take().text.replace(",", "")
            return Node("decimal" if "." in text else "number", number=Fraction(text))
        if kind == "name":
            name = self._take().text
            following = self._tokens[self.at] if self.at < len(self._tokens) else None
            # AB is a segment or a matrix product, dx a differential.
            if following is not None and following.kind == "name" and name[0] != "π":
                both_large = name[0].isupper() and following.text[0].isupper()
                if both_large or name[0] == "d":
                    raise NotAlgebra
            return Node("name", name=name)
        if kind == "frac":
            self._take()
            return Node("/", (self._group(depth, "{"), self._group(depth, "{")))
        if kind == "root":
            self._take()
            degree = (
                self._group(depth, "[") if self._sees("open", "[") else Node("number", number=Fraction(2))
            )
            if degree.sign != "number" or degree.number.denominator != 1:
                raise NotAlgebra
            return Node("root", (self._group(depth), degree))
        return self._group(depth, "([")

    def _group(self, depth: int, signs: str = "({[") -> Node:
        if not self._sees("open", signs):
            raise NotAlgebra
        opening = self._take().text
        inner = self.sum(depth + 1)
        if not self._sees("close", {"(": ")", "{": "}", "[": "]"}[opening]):
            raise NotAlgebra
        self._take()
        return inner

    def _kind(self) -> str:
        return self._tokens[self.at].kind if self.at < len(self._tokens) else ""

    def _sees(self, kind: str, signs: str = "") -> bool:
        return self._kind() == kind and (not signs or self._tokens[self.at].text in signs)

    def _take(self) -> Token:
        self.at += 1
        return self._tokens[self.at - 1]
