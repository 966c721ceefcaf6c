"""Identities and stated solutions, true and false, in many spellings."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

T = TypeVar("T")

_NAMES = ("x", "y", "n", "t", "a", r"\alpha", "x_1", "k")
_FRAMES = (
    "f = {}",
    "Expanding gives {}",
    "We simplify: ${}$",
    r"Factoring, we get \[ {} \]",
    r"\(P = {}\), and we go on.",
    r"\begin{{align*}} A &= {} \end{{align*}}",
    "- We expand: {}.",
    "S = {};",
    "**Simplify:** $y = {}$",
)
_SO = (", so", " gives", r" \implies", " =>", ". Therefore,", r", thus $", "$ so that $", r" $\Rightarrow$ ")
_TIMES = ("", "", r" \cdot ", "*", "·", r" \times ")
_SPACES = ("", " ", " ", r"\,")


class FormulaWriter:
    """Writes one claim after the other."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def true(self) -> str:
        return self._pick((self._expansion, self._quotient, self._common_factor, self._root, self._solution))(
            0
        )

    def false(self) -> str:
        """The same with one number that is off by one to three."""
        slip = self._random.randint(1, 3)
        return self._pick((self._expansion, self._common_factor, self._root, self._solution))(slip)

    def _expansion(self, slip: int) -> str:
        name, a, b, c = self._name(), self._small(), self._small(), self._random.randint(1, 4)
        left = f"{self._lead(c)}({name}{_signed(a)}){self._pick(_TIMES)}({name}{_signed(b)})"
        if a == b and self._random.random() < 0.5:
            left = f"{self._lead(c)}({name}{_signed(a)})^{self._pick(('2', '{2}'))}"
        terms = [f"{self._lead(c)}{name}^2", _signed_term(c * (a + b), name), _signed(c * a * b + slip)]
        return self._framed(left, "".join(terms))

    def _quotient(self, slip: int) -> str:
        name, a = self._name(), self._small()
        left = rf"\frac{{{name}^2 - {a * a}}}{{{name}{_signed(-a)}}}"
        return self._framed(left, f"{name}{_signed(a + slip)}")

    def _common_factor(self, slip: int) -> str:
        first, second = self._random.sample(_NAMES, 2)
        a, b = self._random.randint(2, 9), self._random.randint(2, 9)
        left = f"{a}({first} + {b}{second})"
        return self._framed(left, f"{a}{first} + {a * b + slip}{second}")

    def _root(self, slip: int) -> str:
        a, b = self._random.randint(2, 9), self._pick((2, 3, 5, 6, 7, 10))
        root = self._pick((r"\sqrt{%d}", r"\sqrt %d", "√%d", r"\sqrt[2]{%d}"))
        return self._framed(root % (a * a * b), rf"{a + slip}\sqrt{{{b}}}")

    def _solution(self, slip: int) -> str:
        name, a, b, root = self._name(), self._random.randint(2, 9), self._small(), self._solved()
        right = a * root + b
        stated = root + slip
        shown = (
            str(stated)
            if stated.denominator == 1
            else rf"\frac{{{stated.numerator}}}{{{stated.denominator}}}"
        )
        so = self._pick(_SO)
        return f"${a}{name}{_signed(b)} = {_written(right)}{so} {name} = {shown}$."

    def _framed(self, left: str, right: str) -> str:
        space = self._pick(_SPACES)
        return self._pick(_FRAMES).format(f"{left}{space}={space}{right}")

    def _solved(self) -> Fraction:
        return Fraction(self._random.randint(-12, 12), self._pick((1, 1, 2, 3)))

    def _lead(self, factor: int) -> str:
        return "" if factor == 1 else str(factor)

    def _name(self) -> str:
        return self._pick(_NAMES)

    def _small(self) -> int:
        return self._random.choice((-1, 1)) * self._random.randint(1, 9)

    def _pick(self, among: Sequence[T]) -> T:
        return self._random.choice(among)


def _signed(number: int) -> str:
    return f" + {number}" if number >= 0 else f" - {-number}"


def _signed_term(factor: int, name: str) -> str:
    if not factor:
        return ""
    shown = "" if abs(factor) == 1 else str(abs(factor))
    return f" {'+' if factor > 0 else '-'} {shown}{name}"


def _written(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else rf"\frac{{{number.numerator}}}{{{number.denominator}}}"
