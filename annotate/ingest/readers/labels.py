"""A long table of labels on traces that are in the project already: CSV with a header (or TSV), or JSON Lines.

Columns: trace, step, rater, rater_kind, criterion, value, text, seconds, is_simulated. ``step`` counts from 0 and is
left empty for a criterion asked about the whole trace. Only trace, rater and one of value and text are needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.csv_records import header_of
from annotate.ingest.drafts import BadRow, LabelLine, Row
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import LABEL_FIELDS, label_draft
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source

COLUMNS = LABEL_FIELDS | {"trace"}
_NEEDED = ("trace", "rater")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class LabelsReader:
    name = "labels"
    title = "Labels: one per row, on traces already here"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        return sample.has("trace", "rater") and sample.keys <= COLUMNS

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        if source.container is Container.TEXT:
            return _rows_of_csv(source)
        return rows_of(source, _label_line)


def _label_line(fields: Fields) -> LabelLine:
    fields.refuse_unknown(COLUMNS)
    return LabelLine(fields.name("trace"), label_draft(fields))


def _rows_of_csv(source: Source) -> Iterator[Row | BadRow]:
    """Every row by its line. A header that lacks or misspells a column ends the file."""
    columns = _columns(source.head)
    if isinstance(columns, BadRow):
        yield columns
        return
    yield from rows_of(source, lambda fields: _label_line(_converted(fields)))


def _columns(head: str) -> list[str] | BadRow:
    try:
        columns = header_of(head)
        Fields(dict.fromkeys(columns)).refuse_unknown(COLUMNS)
        for name in _NEEDED:
            if name not in columns:
                raise Rejected("is missing from the header", field=name)
    except Rejected as error:
        return BadRow(1, error.field, error.reason)
    return columns


def _converted(fields: Fields) -> Fields:
    row: dict[str, Any] = dict(fields.items_of())
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
