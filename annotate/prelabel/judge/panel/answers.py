"""Read a verification: one verdict for every step, or nothing at all.

Numbers start at 1 in the prompt and become indices here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.paragraphs import numbered_parts

Verdict = Literal["right", "wrong", "unsure"]

_WORDS: dict[str, Verdict] = {word: word for word in get_args(Verdict)}


@dataclass(frozen=True, slots=True)
class Verification:
    """Verdicts and analyses by index of the step, counted from 0."""

    verdicts: Mapping[int, Verdict]
    analyses: Mapping[int, str]


def read_verification(text: str, mark: str, own: Sequence[int]) -> Verification:
    """Verdicts for exactly the steps at the indices ``own``. Raises Unread for anything less or more."""
    parts = numbered_parts(text, "verdict", mark)
    if not parts:
        raise Unread("the verification holds no verdict")
    numbers = [number for number, _ in parts]
    if len(re.findall(rf"<verdict_\d{{1,9}}_{mark}>", text)) != len(numbers):
        raise Unread("a verdict of the verification has no end")
    if len(set(numbers)) != len(numbers):
        raise Unread("the verification judges a paragraph twice")
    if sorted(numbers) != [index + 1 for index in own]:
        named = ", ".join(map(str, sorted(numbers)))
        raise Unread(f"the verification judges paragraphs {named}, not all {len(own)}")
    verdicts = {number - 1: _verdict(number, word) for number, word in parts}
    analyses = {number - 1: body for number, body in numbered_parts(text, "analysis", mark)}
    return Verification(verdicts, analyses)


def _verdict(number: int, word: str) -> Verdict:
    verdict = _WORDS.get(word.casefold().rstrip("."))
    if verdict is None:
        raise Unread(f"the verdict on paragraph {number} is not one of {', '.join(_WORDS)}")
    return verdict
