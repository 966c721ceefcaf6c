"""Any table: CSV, Parquet, Arrow, or JSON records, one trace to a row, by a mapping of its columns.

``map problem=question`` and so on says where things are; names that leave no doubt need no mapping (columns.py). Labels
come in where somebody says whose they are: a list with one value per step (``labels``), or the first wrong step
(``first_error``, with ``counts_from``). Empty cells say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.ingest.columns import Columns, trace_of
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.options import CUTTING, PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source


class TableReader:
    name = "table"
    title = "Any table, by a mapping of its columns"
    heeds = CUTTING | RATING | {"columns", "values", "counts_from", "problem"}

    def fits(self, sample: Sample) -> bool:
        return Columns(PLAIN).fits(sample.record)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options)
        return rows_of(source, lambda fields: trace_of(fields, columns, "table"))
