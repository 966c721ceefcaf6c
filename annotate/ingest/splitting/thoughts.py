"""Where a model thinks before it answers: ``<think>…</think>``, several times over in an agent's trace.

A chat template often writes the opening tag itself, so that the text holds only the closing one. A thought that never
closes was cut off: it ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAMES = r"think|thinking|thought"
_OPENING = re.compile(rf"(?m)^[ \t]*<({_NAMES})>")
_LONE_OPENING = re.compile(rf"\s*<(?:{_NAMES})>\s*")
_LONE_CLOSING = re.compile(rf"\s*</(?:{_NAMES})>\s*")
_FIRST_CLOSING = re.compile(rf"</({_NAMES})>\s*")


def regions(text: str) -> Iterator[tuple[int, int]]:
    """(begin, end) of what lies before, in and behind thoughts, in order; together they are the text.

    The white space behind a closing tag belongs to its thought.
    """
    begin = 0
    first = _FIRST_CLOSING.search(text)
    if first is not None and f"<{first[1]}>" not in text[: first.start()]:
        yield 0, first.end()
        begin = first.end()
    position = begin
    while first is not None and (opening := _OPENING.search(text, position)) is not None:
        closing = re.compile(rf"</{opening[1]}>\s*").search(text, opening.end())
        if closing is None:
            break
        if text[begin : opening.start()].strip():
            yield begin, opening.start()
            begin = opening.start()
        yield begin, closing.end()
        begin = position = closing.end()
    if begin < len(text):
        yield begin, len(text)


def is_opening_tag(piece: str) -> bool:
    return _LONE_OPENING.fullmatch(piece) is not None


def is_closing_tag(piece: str) -> bool:
    return _LONE_CLOSING.fullmatch(piece) is not None
