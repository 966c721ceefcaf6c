"""Records out of a file, whatever it is: JSON in its three ways, CSV, Parquet or Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from annotate.errors import Rejected
from annotate.ingest.arrow_records import arrow_records, parquet_records
from annotate.ingest.csv_records import csv_records, delimiter_of
from annotate.ingest.drafts import BadRow, Draft, Row, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.json_records import Record, json_records
from annotate.ingest.source import Container, Source

DraftOf: TypeAlias = Callable[[Fields], Draft | Sequence[Draft]]


def records(source: Source) -> Iterator[Record | BadRow]:
    """Every record in order, good or bad; what ends the reading is the last bad one."""
    found: Iterator[Record | BadRow]
    match source.container:
        case Container.JSON:
            found = json_records(source.text)
        case Container.PARQUET:
            found = parquet_records(source.path)
        case Container.ARROW:
            found = arrow_records(source.path)
        case Container.ZIP:
            found = iter([BadRow(1, None, "this is a zip archive, which this format does not come in")])
        case _:
            delimiter = delimiter_of(source.head)
            found = csv_records(source.text, delimiter or ",")
    line = 1
    try:
        for record in found:
            line = record.line
            yield record
    except Rejected as error:
        yield BadRow(line, error.field, f"{error.reason}; the rest of the file was not read")


def rows_of(source: Source, draft_of: DraftOf) -> Iterator[Row | BadRow]:
    """Every record through ``draft_of``; what it raises as Rejected becomes a located BadRow, one for the record."""
    for record in records(source):
        if isinstance(record, BadRow):
            yield record
        else:
            yield from rows_from(record, draft_of)


def rows_from(record: Record, draft_of: DraftOf) -> Sequence[Row | BadRow]:
    try:
        found = draft_of(Fields.of(record.value))
        if isinstance(found, TraceDraft):
            return (Row(record.line, found),)
        drafts = list(found) if isinstance(found, Sequence) else [found]
    except Rejected as error:
        return (BadRow(record.line, error.field, error.reason),)
    return [Row(record.line, draft) for draft in drafts]
