"""Read what a critique says, or refuse to.

Both readers raise ``Unread`` for anything short of an unambiguous answer. A critique that cannot be read
must not become "no error": it becomes no label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.paragraphs import numbered_parts

# Nobody means a longer number, and int() refuses very long ones.
_NUM = r"-?\d{1,40}(?:\.\d{1,40})?"
_CHECK = re.compile(
    rf"Check:\s*(?:(?P<left>{_NUM})\s*(?P<op>[-+*/])\s*(?P<right>{_NUM})\s*=\s*)?(?P<expected>{_NUM}),"
    rf"\s*found\s+(?P<found>{_NUM})\.?"
)
_OPENED = r"<analysis_(\d{1,9})>"
_BOX = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*(-?\d{1,9})\s*\}?\s*\}")


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
        raise Unread("unparsable critique")
    expected = Fraction(match["expected"])
    if match["op"]:
        computed = _computed(Fraction(match["left"]), match["op"], Fraction(match["right"]))
        if computed != expected:
            raise Unread("the critique's own equation is false")
    return Equation(expected, Fraction(match["found"]))


def read_location(text: str, count: int, mark: str = "", observed: frozenset[int] = frozenset()) -> Location:
    """Parse a paragraph critique of ``count`` paragraphs.

    Paragraphs are numbered from 1 in the prompt; this is the only place where they become indices. The verdict
    stands between tags that end in ``mark`` or, for prompts without one, in a box. Verdict and analyses must tell
    the same story: the verdict names the last paragraph analysed, or -1 after all of them. ``observed`` are the
    indices of observations, which need no analysis and cannot be the mistake.
    """
    number = _verdict(text, count, mark)
    analyses = {number - 1: body for number, body in numbered_parts(text, "analysis", mark)}
    tag = rf"<analysis_(\d{{1,9}})_{mark}>" if mark else _OPENED
    opened = {int(key) for key in re.findall(tag, text)}
    last = count if number == -1 else number
    due = {key for key in range(1, last + 1) if key - 1 not in observed}
    if opened and {key for key in opened if key - 1 not in observed} != due:
        raise Unread(f"the critique names {number} but analyses paragraphs {_spoken(sorted(opened))}")
    if number - 1 in observed:
        raise Unread(f"the critique blames paragraph {number}, which is an observation")
    return Location(None if number == -1 else number - 1, analyses)


def _verdict(text: str, count: int, mark: str) -> int:
    pattern = rf"<verdict_{mark}>\s*(-?\d{{1,9}})\s*</verdict_{mark}>" if mark else _BOX
    named = {int(value) for value in re.findall(pattern, text)}
    if not named:
        raise Unread("the critique names no paragraph")
    if len(named) > 1:
        raise Unread("the critique names several paragraphs")
    (number,) = named
    if number != -1 and not 1 <= number <= count:
        raise Unread(f"the critique names paragraph {number} of {count}")
    return number


def _computed(left: Fraction, op: str, right: Fraction) -> Fraction:
    if op == "/":
        if right == 0:
            raise Unread("the critique divides by zero")
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[op]


def _spoken(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
