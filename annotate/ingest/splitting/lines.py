"""Boundaries at the starts of lines: after blank lines, at counted items, at every line.

What is protected is found first, over the whole text; then line starts are tried. Each function yields the places
where a step begins, in order; the beginning of the text need not be among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Protected

_NUMBERED = re.compile(
    r"(?:#{1,6} +)?\*{0,2}(?:(?P<word>[Ss]tep) +(?P<step>\d{1,4})\b|(?P<item>\d{1,4})[.)] )"
)
_BULLET = re.compile(r"[-*+•] ")
_INDENTED = re.compile(r"(?: {2}|\t)")


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its start. Only a line feed ends a line: models also emit U+2028 and the like."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, text[start:end]
        start = end


def after_blank_lines(text: str, protected: Protected) -> Iterator[int]:
    is_after_blank = is_in_list = False
    for start, line in lines_of(text):
        if not line.strip():
            is_after_blank = True
            continue
        is_bullet = _BULLET.match(line) is not None
        is_going_on = is_in_list and (is_bullet or _INDENTED.match(line) is not None)
        if is_after_blank and start not in protected and not is_going_on:
            yield start
        # A plain line right under an item belongs to it; after a blank line it ends the list.
        is_in_list = is_bullet or is_going_on or (is_in_list and not is_after_blank)
        is_after_blank = False


def at_numbers(text: str, protected: Protected) -> Iterator[int]:
    style: str | None = None
    count = 0
    for start, line in lines_of(text):
        found = _NUMBERED.match(line)
        if found is None or start in protected:
            continue
        kind = "step" if found["word"] else "item"
        number = int(found[kind])
        # A list inside a step starts at 1 again, or counts in the other style: it is no new step.
        if style is None or (kind == style and number == count + 1):
            yield start
            style, count = kind, number


def at_lines(text: str, protected: Protected) -> Iterator[int]:
    is_in_table = is_in_list = False
    for start, line in lines_of(text):
        if not line.strip():
            is_in_table = is_in_list = False
            continue
        is_row = line.lstrip().startswith("|")
        is_at_item = is_item(line)
        is_going_on = (is_row and is_in_table) or (is_in_list and _INDENTED.match(line) is not None)
        if start not in protected and not is_going_on:
            yield start
        is_in_table, is_in_list = is_row, is_at_item or (is_in_list and is_going_on)


def is_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return _BULLET.match(line) is not None or _NUMBERED.match(line) is not None
