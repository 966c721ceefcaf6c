"""Text in which Markdown finds nothing to do, made into the same HTML without asking it.

Of the 8,500 Python calls that a page took 3,500 went into parsing sentences. Whatever could mean anything to Markdown,
TeX or HTML is left to them: this knows the characters that mean nothing where they stand, and gives up at any other.
``typeset.py`` says what the HTML must be; the tests hold the two against each other.
"""

from __future__ import annotations

import re

# Letters and digits of any script, and what stands between them in prose and sums.
_CHARACTERS = r"""(?:[^\W_]|[ .,;:!?'"()\]{}=+/%^~#|>“”‘’„–—…×÷·≤≥≠≈°→-])++"""
# A star or an underscore within a word or between spaces, a "less than" before a space or a number, a lone ampersand.
_WHERE_THEY_MEAN_NOTHING = r"(?<=[A-Za-z0-9])[*_](?=[A-Za-z0-9])|(?<= )[*_](?= )|<(?=[ 0-9])|(?<= )&(?= )"
# A list begins with a number and a mark, everything else that begins a block with something other than these.
_LINE = rf"""(?![0-9]+[.)])(?:[^\W_]|["'(“„])(?:{_CHARACTERS}|{_WHERE_THEY_MEAN_NOTHING})*+(?<! )"""
_PLAIN = re.compile(rf"{_LINE}(?:\n++{_LINE})*+\n*+")
_BETWEEN_PARAGRAPHS = re.compile("\n\n+")


def plain_html(text: str) -> str | None:
    """Paragraphs and line breaks; None for a text that may be more than that."""
    if not _PLAIN.fullmatch(text):
        return None
    escaped = text.rstrip("\n").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if "\n" not in escaped:
        return f"<p>{escaped}</p>\n"
    parts = [part.replace("\n", "<br>\n") for part in _BETWEEN_PARAGRAPHS.split(escaped)]
    return "".join(f"<p>{part}</p>\n" for part in parts)
