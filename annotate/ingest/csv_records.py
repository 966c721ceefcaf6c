"""Rows of a CSV table with a header as records of strings; an empty cell says nothing and is left out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TextIO

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow
from annotate.ingest.json_records import MAX_RECORD, Record

DELIMITERS = ",;\t|"
_NAME = re.compile(r"[^\W\d](?:[\w .:/-]{0,58}[\w)])?")


def csv_records(text: TextIO, delimiter: str = ",") -> Iterator[Record | BadRow]:
    """Every row with the line it starts on; a quoted cell may span lines. A bad header ends the file."""
    csv.field_size_limit(MAX_RECORD)
    table = csv.reader(text, delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    line = 1
    while True:
        try:
            line = table.line_num + 1
            cells = next(table)
            if columns is None:
                columns = header(cells)
            elif cells:
                if len(cells) != len(columns):
                    raise Rejected(f"has {len(cells)} cells; the header has {len(columns)}")
                yield Record(
                    line, {name: cell for name, cell in zip(columns, cells, strict=True) if cell != ""}
                )
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(line, None, f"this is not CSV: {error}")
            if columns is None:
                return
        except Rejected as error:
            yield BadRow(line, error.field, error.reason)
            if columns is None:
                return


def header(cells: list[str]) -> list[str]:
    columns = [cell.strip() for cell in cells]
    for place, name in enumerate(columns, start=1):
        if not name:
            raise Rejected(f"column {place} of the header has no name")
    if len(set(columns)) < len(columns):
        raise Rejected("the header names a column twice")
    return columns


def header_of(head: str) -> list[str]:
    """The columns of a table by the first characters of its file. Raises Rejected where it has no header."""
    return header(_first_cells(head))


def looks_like_header(head: str) -> bool:
    """Whether the first line is two names or more with nothing between but the mark that separates them.

    In prose a space follows a comma, and what begins with a digit goes on with a number.
    """
    try:
        cells = _first_cells(head)
    except Rejected:
        return False
    return len(cells) > 1 and all(_NAME.fullmatch(cell) for cell in cells)


def _first_cells(head: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head), delimiter=delimiter_of(head) or ",", strict=True), [])
    except csv.Error as error:
        raise Rejected(f"this is not CSV: {error}") from None


def delimiter_of(head: str) -> str | None:
    """What separates the cells of the first line: whatever of the usual ones stands there most; None for none."""
    line = head.partition("\n")[0]
    if line.startswith("{") or not line.strip():
        return None
    counts = {mark: line.count(mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: counts[mark])
    return best if counts[best] else None
