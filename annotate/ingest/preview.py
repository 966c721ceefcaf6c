"""The first rows of a file as they would come in. No database is asked and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.readers import AUTO, reader_for
from annotate.ingest.source import Source
from annotate.ingest.unpacking import data_files


@dataclass(frozen=True, slots=True)
class Preview:
    """``format`` is what the file would be read as; ``rows`` the first of it, good and bad."""

    format: str
    rows: tuple[Row | BadRow, ...]


def preview_file(path: Path, *, format: str = AUTO, options: ReadOptions = PLAIN, most: int = 3) -> Preview:
    """Raises Rejected when the format is not known, has no use for an option, or the file cannot be opened.

    TooLargeToLookAt for an archive that is only unpacked to be brought in.
    """
    with data_files([path], for_a_look=True) as [first, *_], Source(first.path) as source:
        reader = reader_for(source, format, options)
        options.check(reader.heeds, reader.name)
        rows: Iterator[Row | BadRow] = reader.rows(source, first.read_by(options))
        return Preview(reader.name, tuple(islice(rows, most)))
