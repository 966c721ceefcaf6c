"""The Python code within a text, and the output a text shows beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<tag>[\w+-]*)[^\n`]*\n(?P<body>.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE
)
_CODE_TAGS = frozenset({"python", "py", "python3", "tool_code"})
_OUTPUT_TAGS = frozenset({"output", "stdout", "console", "result"})
_ANNOUNCES_OUTPUT = re.compile(r"\b(?:output|prints?|printed|result)\w*[^\n]{0,40}:?[*_]*\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Blocks:
    """``code`` is every Python block joined, ``output`` every output block, ``prose`` the text without both."""

    code: str
    output: str | None
    prose: str


def blocks(text: str) -> Blocks:
    """Read the fences of a text. An untagged fence is output where the words before it say so, else prose."""
    code: list[str] = []
    output: list[str] = []
    prose: list[str] = []
    end = 0
    for fence in _FENCE.finditer(text):
        before = text[end : fence.start()]
        prose.append(before)
        tag = fence["tag"].lower()
        if tag in _CODE_TAGS:
            code.append(fence["body"])
        elif tag in _OUTPUT_TAGS or (tag in {"", "text"} and _ANNOUNCES_OUTPUT.search(before)):
            output.append(fence["body"])
        end = fence.end()
    prose.append(text[end:])
    return Blocks("".join(code), "".join(output) if output else None, "\n".join(prose))
