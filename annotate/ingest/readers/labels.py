"""A long table of labels on traces that are in the project already: CSV with a header, or JSON Lines.

Columns: trace, step, rater, rater_kind, criterion, value, text, seconds, is_simulated. ``step`` counts from 0 and is
left empty for a criterion asked about the whole trace. Only trace, rater and one of value and text are needed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from typing import Any, TextIO

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelLine, Row
from annotate.ingest.fields import Fields
from annotate.ingest.json_records import rows_of_json
from annotate.ingest.label_fields import LABEL_FIELDS, label_draft
from annotate.ingest.source import Source

COLUMNS = LABEL_FIELDS | {"trace"}
_NEEDED = ("trace", "rater")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class LabelsReader:
    name = "labels"
    title = "Labels: one per row, on traces already here"

    def rows(self, source: Source) -> Iterator[Row | BadRow]:
        if source.head.lstrip().startswith(("{", "[")):
            return rows_of_json(source.text, _label_line)
        return _rows_of_csv(source.text)


def _label_line(fields: Fields) -> LabelLine:
    fields.refuse_unknown(COLUMNS)
    return LabelLine(fields.name("trace"), label_draft(fields))


def _rows_of_csv(text: TextIO) -> Iterator[Row | BadRow]:
    table = csv.reader(text, strict=True)
    columns: list[str] | None = None
    line = 1
    while True:
        try:
            # A quoted cell may span lines; the row is named by the line it starts on.
            line = table.line_num + 1
            cells = next(table)
            if columns is None:
                columns = _header(cells)
            elif cells:
                yield Row(line, _label_line(_fields(columns, cells)))
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(line, None, f"this is not CSV: {error}")
        except Rejected as error:
            yield BadRow(line, error.field, error.reason)
            if columns is None:
                return


def _header(cells: list[str]) -> list[str]:
    columns = [cell.strip() for cell in cells]
    Fields(dict.fromkeys(columns)).refuse_unknown(COLUMNS)
    for name in _NEEDED:
        if name not in columns:
            raise Rejected("is missing from the header", field=name)
    if len(set(columns)) < len(columns):
        raise Rejected("the header names a column twice")
    return columns


def _fields(columns: list[str], cells: list[str]) -> Fields:
    if len(cells) != len(columns):
        raise Rejected(f"has {len(cells)} cells; the header has {len(columns)}")
    # An empty cell says nothing.
    row: dict[str, Any] = {name: cell for name, cell in zip(columns, cells, strict=True) if cell != ""}
    for name, convert in _CONVERSIONS.items():
        if name in row:
            row[name] = convert(row[name], name)
    return Fields(row)


def _integer(cell: str, name: str) -> int:
    if not (cell.isascii() and cell.isdigit()) or len(cell) > 9:
        raise Rejected("must be a whole number, 0 or more", field=name)
    return int(cell)


def _number(cell: str, name: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Rejected("must be a number", field=name)
    return number


def _flag(cell: str, name: str) -> bool:
    if cell.lower() not in _FLAGS:
        raise Rejected("must be true or false", field=name)
    return _FLAGS[cell.lower()]


_CONVERSIONS = {"step": _integer, "seconds": _number, "is_simulated": _flag}
