"""True and false statements of arithmetic, spelled in as many ways as traces spell them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

T = TypeVar("T")

MAX_VALUE, MAX_BELOW = 10**9, 10**4

_SPACES = ("", " ", " ", " ")
_SIGNS = {
    "+": ("+", "+", "+", " plus "),
    "-": ("-", "-", "−", "–", " minus "),
    "*": ("*", "×", "·", r" \times ", r" \cdot ", " x ", " times ", " multiplied by "),
    "/": ("/", "÷", r" \div ", " divided by "),
}
_EQUALS = ("=", "=", "=", "=", "&=", " equals ", " is equal to ")
_ABOUT = ("≈", r"\approx", "≃")
_BRACKETS = (("(", ")"), ("(", ")"), ("[", "]"), (r"\left(", r"\right)"))
_FRACTIONS = (r"\frac", r"\dfrac", r"\tfrac")
_THINGS = ("apples", "cm", "square feet", "dollars", "hours", "red pens", "km/h", "eggs/day")
_FRAMES = (
    "{}",
    "So {}.",
    "We get {}, and go on.",
    "${}$",
    r"\[ {} \]",
    r"\({}\), as we wanted.",
    "**{}**",
    "- {}",
    "2. {}",
    "Total: {}",
    "Step 3: {}",
    "The area is {}",
    "| {} | 4 |",
    r"\begin{{align*}} {} \end{{align*}}",
    "Altogether that makes {} (see above).",
    "({})",
    "Therefore, {}; hence we stop.",
    "{}\n\nNext.",
    "x = {}",
    "On day 3, {}",
    "We have 3 boxes: {}!",
    '"{}"',
    "`{}`",
    "First {}, then 2 + 2 = 4.",
)
# 1/2 and its like: what has a sign of its own.
_VULGAR = {
    Fraction(1, 2): "½",
    Fraction(1, 4): "¼",
    Fraction(3, 4): "¾",
    Fraction(1, 3): "⅓",
    Fraction(2, 3): "⅔",
}


class Writer:
    """Writes one statement after the other; ``plain`` keeps to whole numbers, four signs and round brackets."""

    def __init__(self, seed: int, *, plain: bool = False) -> None:
        self._random = Random(seed)
        self._plain = plain

    def true(self) -> str:
        """A chain of equal sides, exact or rounded and then said to be so, in a sentence."""
        return self._statement(lambda value: value)

    def false(self) -> str:
        """The same with a last side that is off by a third at the least."""
        return self._statement(self._off)

    def _statement(self, last: Callable[[Fraction], Fraction]) -> str:
        value, written = self._calculation()
        text = written
        if not self._plain and self._random.random() < 0.25:
            text = self._joined(text, self._pick(_EQUALS), self._number(value, is_stated=True))
        stated = last(value)
        if self._plain or _is_short(stated) or self._random.random() < 0.5:
            equals = "=" if self._plain else self._pick(_EQUALS)
            text = self._joined(text, equals, self._number(stated, is_stated=True))
        else:
            equals = self._pick((*_ABOUT, "="))
            text = self._joined(text, equals, f"{float(stated):.{self._random.randint(2, 4)}f}")
        return f"So {text}." if self._plain else self._pick(_FRAMES).format(text)

    def _calculation(self) -> tuple[Fraction, str]:
        """One of which the value can be written down."""
        while True:
            value, written, _ = self._tree(self._random.randint(1, 3))
            if abs(value) <= MAX_VALUE and value.denominator <= MAX_BELOW:
                return value, written

    def _off(self, value: Fraction) -> Fraction:
        slip = max(1, abs(value) // 3 + 1) * self._random.choice((-1, 1))
        return value + slip

    def _tree(self, operators: int) -> tuple[Fraction, str, int]:
        """Value, text and how tightly it binds: 1 a sum, 2 a product, 3 an atom."""
        if not operators:
            value = self._value()
            return value, self._number(value), 3
        left = self._random.randint(0, operators - 1)
        (first, first_text, first_binds), (second, second_text, second_binds) = (
            self._tree(left),
            self._tree(operators - 1 - left),
        )
        sign = self._pick("+-*/")
        if sign == "/" and not second:
            sign = "+"
        value = _computed(sign, first, second)
        if sign == "/" and not self._plain and self._random.random() < 0.4:
            return value, f"{self._pick(_FRACTIONS)}{{{first_text}}}{{{second_text}}}", 3
        binds = 1 if sign in "+-" else 2
        if first_binds < binds:
            first_text = self._bracketed(first_text)
        if second_binds <= binds or second < 0:
            second_text = self._bracketed(second_text)
        spelled = sign if self._plain else self._pick(_SIGNS[sign])
        return value, self._joined(first_text, spelled, second_text), binds

    def _value(self) -> Fraction:
        kinds: Sequence[Callable[[], Fraction]] = (
            lambda: Fraction(self._random.randint(2, 30)),
            lambda: Fraction(self._random.randint(31, 20_000)),
        )
        if not self._plain:
            kinds = (
                *kinds,
                lambda: Fraction(self._random.randint(1, 999), 100),
                lambda: Fraction(self._random.randint(1, 12), self._random.randint(2, 12)),
                lambda: Fraction(self._random.randint(1, 99), 100),
                lambda: -Fraction(self._random.randint(1, 20)),
            )
        return self._pick(kinds)()

    def _number(self, value: Fraction, *, is_stated: bool = False) -> str:
        """One of the ways to write a value; a stated one may have a unit, and is no calculation."""
        if self._plain:
            return str(value)
        below, over = value.denominator, value % 1
        ways: list[str] = []
        if below == 1:
            grouped = f"{value.numerator:,}"
            ways += [str(value), str(value), grouped, grouped.replace(",", "{,}"), f"{value}.00"]
            ways += [f"${value}", rf"\${value}", f"€{value}"]
        else:
            ways += [f"({value})", rf"\frac{{{value.numerator}}}{{{below}}}"]
        if value > 1 and below != 1:
            ways += [f"{value // 1} {over}", rf"{value // 1}\frac{{{over.numerator}}}{{{below}}}"]
        if value > 0 and over in _VULGAR:
            ways += [f"{value // 1 or ''}{_VULGAR[over]}"]
        if value > 0 and _is_decimal(value * 100):
            ways += [_decimal(value * 100) + sign for sign in ("%", r"\%", " percent")]
        if _is_decimal(value):
            ways += [_decimal(value)] * 2
        if value < 0:
            ways += [f"({value})"]
        if is_stated:
            ways += [f"{way} {self._pick(_THINGS)}" for way in ways[:2]]
        else:
            ways += _calculated(value)
        return self._pick(ways)

    def _bracketed(self, text: str) -> str:
        left, right = ("(", ")") if self._plain else self._pick(_BRACKETS)
        return f"{left}{text}{right}"

    def _joined(self, left: str, sign: str, right: str) -> str:
        space = " " if self._plain else self._pick(_SPACES)
        return f"{left}{space}{sign}{space}{right}"

    def _pick(self, among: Sequence[T]) -> T:
        return self._random.choice(among)


def _computed(sign: str, first: Fraction, second: Fraction) -> Fraction:
    if sign in "+-":
        return first + second if sign == "+" else first - second
    return first * second if sign == "*" else first / second


def _calculated(value: Fraction) -> list[str]:
    """A root, a power or a power of ten of this value."""
    if value.denominator != 1 or not 0 < value <= 30:
        return []
    ways = [rf"\sqrt{{{value**2}}}", f"√{value**2}", f"sqrt({value**2})"]
    ways += [f"{_decimal(value / 100)} × 10^2", f"{_decimal(value / 1000)} × 10³"]
    ways += [rf"{_decimal(value * 10)} \times 10^{{-1}}"]
    for base, power in ((2, 2), (3, 2), (4, 2), (5, 2), (2, 3), (3, 3)):
        if base**power == value:
            raised = "²³"[power - 2]
            ways += [f"{base}^{power}", f"{base}^{{{power}}}", f"{base}{raised}", f"{base}**{power}"]
    return ways


def _is_short(value: Fraction) -> bool:
    return value.denominator in (1, 2, 4, 5)


def _is_decimal(value: Fraction) -> bool:
    return 10**4 % value.denominator == 0


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(abs(value) * 10**4, 10**4)
    return f"{'-' if value < 0 else ''}{whole}.{int(rest):04d}".rstrip("0").rstrip(".")
