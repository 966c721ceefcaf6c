"""Written sums of two numbers, found by their form: the one kind of step that can be changed with certainty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

# A number that is no part of a longer one, of a name or of a chain of signs.
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_SUM = re.compile(
    rf"(?<![\w.+\-−*×/÷=^])(?<![+\-−*×/÷=^] )(?P<left>{_NUMBER})\s*(?P<sign>[-−+*×/÷])\s*(?P<right>{_NUMBER})"
    rf"\s*=\s*(?P<result>{_NUMBER})(?!\w|\.\d|\s*[+\-−*×/÷=^])"
)


@dataclass(frozen=True, slots=True)
class Sum:
    """A true equation; ``start`` and ``end`` span its result in the text."""

    operands: tuple[str, str]
    result: str
    start: int
    end: int


def true_sums(text: str) -> Iterator[Sum]:
    """The equations that are true exactly as written; a rounded quotient is not."""
    for found in _SUM.finditer(text):
        if _value(found["left"], found["sign"], found["right"]) == Fraction(found["result"]):
            yield Sum((found["left"], found["right"]), found["result"], *found.span("result"))


def falsified(text: str, one: Sum, *, more: int) -> str:
    """The text with another last digit in that result: 1 to 9 ``more``, without a carry."""
    digit = (int(text[one.end - 1]) + more) % 10
    return f"{text[: one.end - 1]}{digit}{text[one.end :]}"


def numbers(text: str) -> set[str]:
    return set(re.findall(_NUMBER, text))


def _value(left: str, sign: str, right: str) -> Fraction | None:
    one, other = Fraction(left), Fraction(right)
    if sign in "/÷":
        return one / other if other else None
    return one + other if sign == "+" else one * other if sign in "*×" else one - other
