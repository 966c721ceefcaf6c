"""One file per source format. A reader turns a file into rows, one at a time, and knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.source import Source

from .jsonl import JsonlReader
from .labels import LabelsReader
from .prm800k import Prm800kReader
from .processbench import ProcessBenchReader


class Reader(Protocol):
    """``rows`` yields every row of the file in order, good or bad, and raises nothing about its content."""

    name: str
    title: str

    def rows(self, source: Source) -> Iterator[Row | BadRow]: ...


READERS: dict[str, Reader] = {
    reader.name: reader for reader in (JsonlReader(), ProcessBenchReader(), Prm800kReader(), LabelsReader())
}


def reader_named(name: str) -> Reader:
    if name not in READERS:
        raise Rejected(f"there is no format {name!r}; there are {', '.join(READERS)}", field="format")
    return READERS[name]
