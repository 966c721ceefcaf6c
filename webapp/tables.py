"""Tables as CSV, for programs and for spreadsheets that would run what looks like a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


class Writable(Protocol):
    def write(self, text: str, /) -> Any: ...


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula stays a text; numbers stay as they are."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    # Spreadsheets look past blanks and marks that nobody sees.
    return f"'{cell}" if cell.lstrip(" \ufeff\u200b\u00a0\0").startswith(FORMULAS) else cell


class Table:
    """A CSV file that is being written; every cell of text is made harmless on its way."""

    def __init__(self, target: Writable) -> None:
        self._writer = csv.writer(target)

    def row(self, cells: Iterable[Any]) -> Any:
        return self._writer.writerow([harmless(cell) for cell in cells])

    def rows(self, rows: Iterable[Iterable[Any]]) -> None:
        for cells in rows:
            self.row(cells)


class _Line:
    """Gives back what a csv writer writes."""

    def write(self, text: str) -> str:
        return text


def lines_of(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """The lines of a file, one at a time."""
    table = Table(_Line())
    for cells in rows:
        yield table.row(cells)
