"""Small pieces of Markdown (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":(?:class|mod|func|meth):`~?([^`]+)`")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`(])")


def plain(text: str) -> str:
    """A docstring's text as Markdown: ``code`` becomes `code`, and a paragraph one line."""
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def sentences(text: str) -> list[str]:
    return [
        one
        for paragraph in text.split("\n\n")
        for one in _SENTENCE_END.split(" ".join(paragraph.split()))
        if one
    ]


def code(text: object) -> str:
    """As code, whatever is in it; an empty text is a word, so that it can be seen."""
    said = str(text).replace("\n", "\\n")
    if not said:
        return "empty"
    return f"`` {said} ``" if "`" in said else f"`{said}`"


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(part) for part in line) + " |" for line in lines)


def page(title: str, *parts: str) -> str:
    """A whole page; it says that it is written by a command, so that nobody mends it by hand."""
    made = "*Written by `python3 manage.py reference` from the code; a test keeps it true.*"
    return "\n\n".join(part for part in (f"# {title}", made, *parts) if part) + "\n"
