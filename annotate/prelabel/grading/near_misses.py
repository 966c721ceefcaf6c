"""Wrong answers that look like the right one: numbers close to it, written in its own manner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from annotate.prelabel.grading import answers

_WRITTEN = re.compile(
    r"(?P<frac>\\[dt]?frac)\s*\{\s*\d+\s*\}\s*\{\s*\d+\s*\}"
    r"|(?P<number>\d[\d,]*(?:\.(?P<decimals>\d+))?)(?P<under>\s*/\s*\d+)?"
)
_TENTH = Fraction(1, 10)


def near_misses(answer: str, wanted: int) -> tuple[str, ...]:
    """Up to ``wanted`` wrong answers, nearest kinds first; none for an answer that is not a plain number.

    In this order: a fraction upside down, one more, one less, a tenth more, a tenth less, two more, two less. None
    agrees with the answer, none repeats, and none is below 0 unless the answer is.
    """
    number = answers.plain_number(answer)
    written = _WRITTEN.search(answer)
    if number is None or written is None:
        return ()
    # A sign in front of the digits is written by the value, not kept from the answer.
    start = written.start() - (1 if answer[: written.start()].endswith(("-", "−")) else 0)
    found: list[str] = []
    for value in _values(number.value):
        if value < 0 <= number.value:
            continue
        text = answer[:start] + _in_manner(value, written) + answer[written.end() :]
        other = answers.plain_number(text)
        if other is not None and not other.agrees_with(number) and text not in found:
            found.append(text)
    return tuple(found[:wanted])


def _values(value: Fraction) -> Iterator[Fraction]:
    if value.denominator != 1:
        yield 1 / value
    yield from (value + 1, value - 1, value * (1 + _TENTH), value * (1 - _TENTH), value + 2, value - 2)


def _in_manner(value: Fraction, written: re.Match[str]) -> str:
    sign = "-" if value < 0 else ""
    size = abs(value)
    if written["frac"]:
        return f"{sign}{written['frac']}{{{size.numerator}}}{{{size.denominator}}}"
    if written["under"]:
        return f"{sign}{size.numerator}/{size.denominator}"
    decimals = len(written["decimals"] or "")
    separator = "," if "," in written["number"] else ""
    return f"{sign}{round(float(size), decimals):{separator}.{decimals}f}"
