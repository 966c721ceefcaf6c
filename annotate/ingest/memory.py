"""Which traces one file has given their steps or labels, and where, so that it cannot contradict itself unnoticed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class Memory:
    """Sixteen bytes a row: new traces get rising keys, so that two columns hold them; the few others are by name."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._lines = array("q")
        self._others: dict[int, int] = {}
        # Later rows of a trace that is known already, by what their raters are called.
        self._speakers: dict[tuple[int, str], int] = {}

    def add(self, rows: Iterable[tuple[int, int]]) -> None:
        """Take in (key of the trace, line) of rows whose steps or labels are the first that the file has of it."""
        for key, line in rows:
            if not self._keys or key > self._keys[-1]:
                self._keys.append(key)
                self._lines.append(line)
            else:
                self._others[key] = line

    def line_of(self, key: int) -> int | None:
        """The line that first gave the trace steps or labels; None when it was not this file."""
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            return self._lines[place]
        return self._others.get(key)

    def add_speakers(self, key: int, raters: Iterable[str], line: int) -> None:
        """Take in who spoke about a trace in a row behind its first."""
        for rater in raters:
            self._speakers.setdefault((key, rater), line)

    def line_of_speaker(self, key: int, rater: str) -> int | None:
        """The line in which the rater first spoke about the trace; of those in its first line that one."""
        return self._speakers.get((key, rater), self.line_of(key))
