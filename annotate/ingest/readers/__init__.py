"""One file per source format. A reader turns a file into rows, one at a time, and knows no database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

from .jsonl import JsonlReader
from .labels import LabelsReader
from .prm800k import Prm800kReader
from .processbench import ProcessBenchReader

AUTO = "auto"


class Reader(Protocol):
    """``rows`` yields every row of the file in order, good or bad, and raises nothing about its content.

    ``fits`` says whether the beginning of a file is this format's; ``heeds`` names the options that it reads by.
    """

    name: str
    title: str
    heeds: frozenset[str]

    def fits(self, sample: Sample) -> bool: ...

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]: ...


# A file is read by the first that it fits.
READERS: dict[str, Reader] = {
    reader.name: reader for reader in (JsonlReader(), ProcessBenchReader(), Prm800kReader(), LabelsReader())
}


def reader_named(name: str) -> Reader:
    if name not in READERS:
        raise Rejected(f"there is no format {name!r}; there are {', '.join(READERS)}", field="format")
    return READERS[name]


def reader_for(source: Source, name: str = AUTO) -> Reader:
    """The reader of this name, or with ``auto`` the first that the file fits. Raises Rejected where there is none."""
    if name != AUTO:
        return reader_named(name)
    sample = Sample(source)
    for reader in READERS.values():
        if reader.fits(sample):
            return reader
    seen = ", ".join(sorted(map(str, sample.record))[:12])
    what = f"its first record holds {seen}" if seen else "it holds no record that could be read"
    raise Rejected(f"the format is not recognised: {what}. Name it", field="format")
