"""Cut a text into steps without losing a character.

A blank line is the usual end of a step, and wrong inside display math, code and loose lists. What is protected is
found first, over the whole text; then line starts are tried as boundaries. An opening that never closes protects
nothing: otherwise one stray ``$$`` would swallow the rest of the trace.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum

from annotate.ingest.drafts import StepDraft


class SplitMode(StrEnum):
    BLANK_LINE = "blank_line"
    NUMBERED = "numbered"
    LINES = "lines"


# A closed list: every name that never closes costs one search to the end of the text.
_ENVIRONMENTS = (
    r"align(?:ed|at)?|equation|gather(?:ed)?|multline|split|array|cases|[bBpvV]?(?:small)?matrix"
    r"|tabular|table|itemize|enumerate|description|verbatim|lstlisting|tikzpicture"
)
# Escapes are matched so that they can be skipped: ``\\[2pt]`` is a line break with a gap, not an opening.
_OPENING = re.compile(
    r"(?m)^ {0,3}(?P<fence>`{3,8}|~{3,8})[^\n]*$"
    r"|(?P<dollars>\$\$)"
    r"|(?P<bracket>\\\[)"
    rf"|\\begin\{{(?P<environment>(?:{_ENVIRONMENTS})\*?)\}}"
    r"|\\."
)
_NUMBERED = re.compile(
    r"(?:#{1,6} +)?\*{0,2}(?:(?P<word>[Ss]tep) +(?P<step>\d{1,4})\b|(?P<item>\d{1,4})[.)] )"
)
_BULLET = re.compile(r"[-*+•] ")
_INDENTED = re.compile(r"(?: {2}|\t)")


def split_steps(text: str, mode: SplitMode = SplitMode.BLANK_LINE) -> tuple[StepDraft, ...]:
    """Cut ``text``; the pieces joined are the text again. A blank text has no steps.

    ``blank_line``: a blank line ends a step, unless it stands in display math, a code block, or between the items
    of a bulleted list. ``numbered``: "Step 2" or "2." at the start of a line begins one, as long as the count
    goes on. ``lines``: every line is one; a table, and the indented lines under a list item, stay whole.
    """
    if not text.strip():
        return ()
    starts = {
        SplitMode.BLANK_LINE: _after_blank_lines,
        SplitMode.NUMBERED: _at_numbers,
        SplitMode.LINES: _at_lines,
    }[mode](text, Protected(text))
    pieces = []
    begin = 0
    for start in [*starts, len(text)]:
        # White space before the first word belongs to the first step: a step of nothing cannot be judged.
        if text[begin:start].strip():
            piece = text[begin:start]
            pieces.append(StepDraft(piece, tail=len(piece) - len(piece.rstrip())))
            begin = start
    return tuple(pieces)


class Protected:
    """Stretches of the text in which no step may end."""

    def __init__(self, text: str) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        position = 0
        never_closes: set[str] = set()
        while (opening := _OPENING.search(text, position)) is not None:
            position = opening.end()
            closing = _closing_of(opening)
            if closing is None or closing in never_closes:
                continue
            close = re.compile(closing).search(text, position)
            if close is None:
                never_closes.add(closing)
                continue
            self._begins.append(opening.start())
            self._ends.append(close.end())
            position = close.end()

    def __contains__(self, position: int) -> bool:
        """Whether the character before and the one at ``position`` belong together."""
        place = bisect_right(self._begins, position - 1) - 1
        return place >= 0 and position < self._ends[place]


def _closing_of(opening: re.Match[str]) -> str | None:
    """The pattern that ends what ``opening`` begins; None for an escape."""
    if opening["fence"]:
        return rf"(?m)^ {{0,3}}{re.escape(opening['fence'][0])}{{{len(opening['fence'])},}}[ \t]*$"
    if opening["dollars"]:
        return r"\$\$"
    if opening["bracket"]:
        return r"\\\]"
    if opening["environment"]:
        return rf"\\end\{{{re.escape(opening['environment'])}\}}"
    return None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its start. Only a line feed ends a line: models also emit U+2028 and the like."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield start, text[start:end]
        start = end


def _after_blank_lines(text: str, protected: Protected) -> Iterator[int]:
    is_after_blank = is_in_list = False
    for start, line in _lines(text):
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


def _at_numbers(text: str, protected: Protected) -> Iterator[int]:
    style: str | None = None
    count = 0
    for start, line in _lines(text):
        found = _NUMBERED.match(line)
        if found is None or start in protected:
            continue
        kind = "step" if found["word"] else "item"
        number = int(found[kind])
        # A list inside a step starts at 1 again, or counts in the other style: it is no new step.
        if style is None or (kind == style and number == count + 1):
            yield start
            style, count = kind, number


def _at_lines(text: str, protected: Protected) -> Iterator[int]:
    is_in_table = is_in_list = False
    for start, line in _lines(text):
        if not line.strip():
            is_in_table = is_in_list = False
            continue
        is_row = line.lstrip().startswith("|")
        is_item = _BULLET.match(line) is not None or _NUMBERED.match(line) is not None
        is_going_on = (is_row and is_in_table) or (is_in_list and _INDENTED.match(line) is not None)
        if start not in protected and not is_going_on:
            yield start
        is_in_table, is_in_list = is_row, is_item or (is_in_list and is_going_on)
