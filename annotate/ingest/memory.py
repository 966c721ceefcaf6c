"""Which traces one file has given their steps or labels, and where, so that it cannot contradict itself unnoticed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from annotate.ingest.drafts import LabelDraft


class Memory:
    """Twenty bytes a row: new traces get rising keys, so that columns hold them; the few others are by name."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._lines = array("q")
        # Who spoke in that line: a place among the sets of raters, since most rows of a file are by the same.
        self._spoke = array("i")
        self._others: dict[int, tuple[int, int]] = {}
        self._sets: list[frozenset[str]] = []
        self._places: dict[frozenset[str], int] = {}
        # Later rows of a trace that is known already, by what their raters are called.
        self._speakers: dict[tuple[int, str], int] = {}

    def add(self, rows: Iterable[tuple[int, int, Iterable[LabelDraft]]]) -> None:
        """Take in (key of the trace, line, labels) of rows whose steps have been written, or that hold labels."""
        for key, line, labels in rows:
            raters = frozenset([label.rater.name for label in labels])
            if self.line_of(key) is not None:
                for rater in raters:
                    if self.line_of_speaker(key, rater) is None:
                        self._speakers[key, rater] = line
                continue
            spoke = self._place_of(raters)
            if not self._keys or key > self._keys[-1]:
                self._keys.append(key)
                self._lines.append(line)
                self._spoke.append(spoke)
            else:
                self._others[key] = (line, spoke)

    def line_of(self, key: int) -> int | None:
        """The line that first gave the trace steps or labels; None when it was not this file."""
        return self._first(key)[0]

    def line_of_speaker(self, key: int, rater: str) -> int | None:
        """The line in which the rater first spoke about the trace; None when it was not in this file."""
        line, spoke = self._first(key)
        if line is not None and rater in self._sets[spoke]:
            return line
        return self._speakers.get((key, rater))

    def _place_of(self, raters: frozenset[str]) -> int:
        if raters not in self._places:
            self._places[raters] = len(self._sets)
            self._sets.append(raters)
        return self._places[raters]

    def _first(self, key: int) -> tuple[int | None, int]:
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            return self._lines[place], self._spoke[place]
        return self._others.get(key, (None, -1))
