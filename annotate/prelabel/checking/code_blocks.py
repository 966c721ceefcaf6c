"""The Python code within a text, and the output a text shows beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t]*```[ \t]*(?P<tag>[\w+-]*)[^\n`]*")
_CODE_TAGS = frozenset({"python", "py", "python3", "tool_code"})
_OUTPUT_TAGS = frozenset({"output", "stdout", "console", "result"})
# How far before a fence words are looked for: lines, characters.
_WORDS_BEFORE, _ANNOUNCEMENT = 2, 120
_ANNOUNCES_OUTPUT = re.compile(r"\b(?:output|prints?|printed|result)\w*[^\n]{0,40}:?[*_]*\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Blocks:
    """``code`` is every Python block joined, ``output`` every output block, ``prose`` the text without both."""

    code: str
    output: str | None
    prose: str


def blocks(text: str) -> Blocks:
    """Read the fences of a text. An untagged fence is output where the words before it say so, else prose.

    A fence that is never closed is prose.
    """
    code: list[str] = []
    output: list[str] = []
    prose: list[str] = []
    body: list[str] = []
    tag: str | None = None
    for line in text.splitlines(keepends=True):
        fence = _FENCE.fullmatch(line.rstrip())
        if tag is None and fence:
            tag, body = fence["tag"].lower(), []
        elif tag is not None and line.strip() == "```":
            before = "".join(prose[-_WORDS_BEFORE:])[-_ANNOUNCEMENT:]
            if tag in _CODE_TAGS:
                code += body
            elif tag in _OUTPUT_TAGS or (tag in {"", "text"} and _ANNOUNCES_OUTPUT.search(before)):
                output += body
            tag = None
        else:
            (prose if tag is None else body).append(line)
    if tag is not None:
        prose += body
    return Blocks("".join(code), "".join(output) if output else None, "".join(prose))
