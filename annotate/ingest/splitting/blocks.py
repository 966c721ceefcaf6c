"""Stretches of a text in which no step may end: display math, code blocks, LaTeX environments; and inline ones.

An opening that never closes protects nothing: otherwise one stray ``$$`` would swallow the rest of the trace.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

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
# Within one line, and not so long that two prices in dollars become a formula.
_INLINE = re.compile(
    r"`[^`\n]{1,400}`|\\\([^\n]{1,400}?\\\)|(?<![\\$\w])\$(?![\s$])[^$\n]{1,400}?(?<![\s\\])\$(?![\d$])"
)


class Spans:
    """Stretches of a text, in order, that do not overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []
        for begin, end in spans:
            self._add(begin, end)

    def _add(self, begin: int, end: int) -> None:
        self._begins.append(begin)
        self._ends.append(end)

    def __contains__(self, position: int) -> bool:
        """Whether the character before and the one at ``position`` belong together."""
        place = bisect_right(self._begins, position - 1) - 1
        return place >= 0 and position < self._ends[place]


class Protected(Spans):
    """Stretches of the text in which no step may end."""

    def __init__(self, text: str) -> None:
        super().__init__()
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
            self._add(opening.start(), close.end())
            position = close.end()


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


class Inline(Spans):
    """Formulas and code inside a line, of which only the ends may be ends of sentences."""

    def __init__(self, text: str) -> None:
        super().__init__(found.span() for found in _INLINE.finditer(text))
