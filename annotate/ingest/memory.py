"""Which traces one file has given their steps, and where, so that it cannot contradict itself unnoticed."""

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

    def add(self, rows: Iterable[tuple[int, int]]) -> None:
        """Take in (key of the trace, line) of rows whose steps have been written."""
        for key, line in rows:
            if not self._keys or key > self._keys[-1]:
                self._keys.append(key)
                self._lines.append(line)
            else:
                self._others[key] = line

    def line_of(self, key: int) -> int | None:
        """The line that gave the trace its steps; None when it was not this file."""
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            return self._lines[place]
        return self._others.get(key)
