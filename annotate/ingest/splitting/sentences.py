"""Boundaries behind sentences, items of lists and tables.

What ends in a full stop and is no sentence is known by a short list; the rest is left to whoever looks at the preview.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .blocks import Inline, Protected, Spans
from .lines import after_blank_lines, is_item, lines_of

_END = re.compile(
    r"(?<![.!?])[.!?]{1,9}[\"'”’)\]*_]{0,4}(?:[ \t]+|[ \t]*\n\s*)(?=\S)|[。！？][”’」』）]?\s*(?=[^\s。！？”’」』）])"
)
_WORD_BEFORE = re.compile(r"[\w.]{1,12}$")
# A full stop behind one of these ends nothing, unless the line ends too.
_SHORT = frozenset(
    ("e.g", "i.e", "cf", "vs", "etc", "al", "approx", "resp", "dr", "mr", "mrs", "ms", "prof", "st")
)
# Behind one of these it goes on where a number follows.
_NUMBERED = frozenset(
    (
        "eq",
        "eqs",
        "fig",
        "figs",
        "no",
        "nos",
        "sec",
        "ch",
        "thm",
        "lem",
        "prop",
        "cor",
        "def",
        "ex",
        "p",
        "pp",
    )
)
_GOES_ON = re.compile(r"[a-zà-öø-ÿ,;:)\]]")


def after_sentences(text: str, protected: Protected) -> Iterator[int]:
    starts = set(after_blank_lines(text, protected))
    tables: list[tuple[int, int]] = []
    for start, line in lines_of(text):
        end = start + len(line)
        if line.lstrip().startswith("|"):
            if tables and tables[-1][1] == start:
                tables[-1] = (tables[-1][0], end)
            else:
                tables.append((start, end))
        elif is_item(line) and start not in protected:
            starts.add(start)
    starts.update(
        place for table in tables for place in table if place < len(text) and place not in protected
    )
    unbroken = (protected, Inline(text), Spans(tables))
    starts.update(place for place in _ends(text) if not any(place in spans for spans in unbroken))
    yield from sorted(starts)


def _ends(text: str) -> Iterator[int]:
    for found in _END.finditer(text):
        at = found.end()
        if text[found.start()] in "。！？" or "\n" in found[0]:
            yield at
            continue
        if _GOES_ON.match(text, at):
            continue
        word = _WORD_BEFORE.search(text, max(0, found.start() - 12), found.start())
        if (
            word is not None
            and text[found.start()] == "."
            and _is_short(word[0], text, word.start(), text[at])
        ):
            continue
        yield at


def _is_short(word: str, text: str, start: int, following: str) -> bool:
    """An abbreviation, an initial, or the number of an item at the start of its line."""
    if word.isdigit() and not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t*#"):
        return True
    if word.casefold() in _NUMBERED:
        return following.isdigit() or following == "("
    return word.casefold() in _SHORT or (len(word) == 1 and word.isupper() and word != "I")
