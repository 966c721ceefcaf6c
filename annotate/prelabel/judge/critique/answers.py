"""Read what a critique says, or refuse to.

Both readers raise ``Unreadable`` for anything short of an unambiguous answer. A critique that cannot be read
must not become "no error": it becomes no label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_NUM = r"-?\d+(?:\.\d+)?"
_CHECK = re.compile(
    rf"Check:\s*(?:(?P<left>{_NUM})\s*(?P<op>[-+*/])\s*(?P<right>{_NUM})\s*=\s*)?(?P<expected>{_NUM}),"
    rf"\s*found\s+(?P<found>{_NUM})\.?"
)
_BOX = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*(-?\d+)\s*\}?\s*\}")
_ANALYSIS = re.compile(r"<analysis_(\d+)>(.*?)</analysis_\1>", re.DOTALL)
_OPENED = re.compile(r"<analysis_(\d+)>")


class Unreadable(Exception):
    """The text is not an answer in the agreed form; the message says why."""


@dataclass(frozen=True, slots=True)
class Equation:
    """What an equation critique compares: the value the step should have and the value it has."""

    expected: Fraction
    found: Fraction

    @property
    def is_met(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Location:
    """Where a paragraph critique sees the first error: ``index`` counts from 0, None means no error."""

    index: int | None
    analyses: dict[int, str]


def read_equation(text: str) -> Equation:
    """Parse ``Check: 17 + 25 = 42, found 41.``; the judge's own equation must be true."""
    match = _CHECK.fullmatch(text.strip())
    if match is None:
        raise Unreadable("unparsable critique")
    expected = Fraction(match["expected"])
    if match["op"]:
        computed = _computed(Fraction(match["left"]), match["op"], Fraction(match["right"]))
        if computed != expected:
            raise Unreadable("the critique's own equation is false")
    return Equation(expected, Fraction(match["found"]))


def read_location(text: str, count: int) -> Location:
    """Parse a paragraph critique of ``count`` paragraphs.

    Paragraphs are numbered from 1 in the prompt; this is the only place where they become indices. The box
    and the analyses must tell the same story: the box names the last paragraph analysed, or -1 after all of
    them.
    """
    boxes = {int(value) for value in _BOX.findall(text)}
    if not boxes:
        raise Unreadable("the critique names no paragraph")
    if len(boxes) > 1:
        raise Unreadable("the critique names several paragraphs")
    (number,) = boxes
    if number != -1 and not 1 <= number <= count:
        raise Unreadable(f"the critique names paragraph {number} of {count}")
    analyses = {int(key) - 1: body.strip() for key, body in _ANALYSIS.findall(text)}
    opened = sorted({int(key) for key in _OPENED.findall(text)})
    last = count if number == -1 else number
    if opened and opened != list(range(1, last + 1)):
        raise Unreadable(f"the critique names {number} but analyses paragraphs {_spoken(opened)}")
    return Location(None if number == -1 else number - 1, analyses)


def _computed(left: Fraction, op: str, right: Fraction) -> Fraction:
    if op == "/":
        if right == 0:
            raise Unreadable("the critique divides by zero")
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[op]


def _spoken(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
