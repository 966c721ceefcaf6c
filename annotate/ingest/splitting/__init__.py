"""Cut a text into steps without losing a character: the pieces, joined, are the text again.

Three passes find where steps begin. Thoughts come first (``<think>…</think>``): what is inside and what follows are
never one step. Then the blocks in which nothing may end. Then the mode's own walk over lines, sentences or markers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from annotate.ingest.drafts import StepDraft

from .blocks import Protected
from .lines import after_blank_lines, at_lines, at_numbers
from .markers import Markers
from .sentences import after_sentences
from .thoughts import is_closing_tag, is_opening_tag, regions

__all__ = ["Protected", "SplitMode", "split_steps"]


class SplitMode(StrEnum):
    BLANK_LINE = "blank_line"
    NUMBERED = "numbered"
    LINES = "lines"
    SENTENCE = "sentence"
    TAGGED = "tagged"


_Walk = Callable[[str, Protected], Iterator[int]]
_WALKS: dict[SplitMode, _Walk] = {
    SplitMode.BLANK_LINE: after_blank_lines,
    SplitMode.NUMBERED: at_numbers,
    SplitMode.LINES: at_lines,
    SplitMode.SENTENCE: after_sentences,
}


def split_steps(text: str, mode: SplitMode = SplitMode.BLANK_LINE, tag: str = "") -> tuple[StepDraft, ...]:
    """Cut ``text``; the pieces joined are the text again. A blank text has no steps.

    ``blank_line``: a blank line ends a step, unless it stands in display math, a code block, or between the items
    of a bulleted list. ``numbered``: "Step 2" or "2." at the start of a line begins one, as long as the count
    goes on. ``lines``: every line is one; a table, and the indented lines under a list item, stay whole.
    ``sentence``: so is every sentence, item of a list and table; formulas and code stay whole. ``tagged``: a model's
    own marks (see markers.py), or ``tag``, end or begin one.
    """
    if not text.strip():
        return ()
    if mode is SplitMode.TAGGED:
        return _tagged(text, Markers(tag))
    pieces: list[str] = []
    begin = 0
    for start in [*_starts(text, _WALKS[mode]), len(text)]:
        piece = text[begin:start]
        # White space before the first word belongs to the first step, a lone tag to what it opens: a step of nothing
        # cannot be judged.
        if not piece.strip() or (start < len(text) and is_opening_tag(piece)):
            continue
        if pieces and is_closing_tag(piece):
            piece = pieces.pop() + piece
        pieces.append(piece)
        begin = start
    return tuple(StepDraft(piece, tail=len(piece) - len(piece.rstrip())) for piece in pieces)


def _starts(text: str, walk: _Walk) -> Iterator[int]:
    for begin, end in regions(text):
        region = text[begin:end]
        if begin:
            yield begin
        yield from (begin + start for start in walk(region, Protected(region)) if start)


def _tagged(text: str, markers: Markers) -> tuple[StepDraft, ...]:
    if not markers.has_words(text):
        return (StepDraft(text, tail=len(text) - len(text.rstrip())),)
    pieces = []
    begin = looked = 0
    has_words = False
    for start in [*markers.starts(text), len(text)]:
        has_words = has_words or markers.has_words(text[looked:start])
        looked = start
        if has_words:
            pieces.append(text[begin:start])
            begin, has_words = start, False
    pieces[-1] += text[begin:]
    return tuple(StepDraft(piece, tail=markers.tail_of(piece)) for piece in pieces)
