"""Any table: CSV, Parquet, Arrow, or JSON records, one trace to a row, by a mapping of its columns.

``map problem=question`` and so on says where things are; names that leave no doubt need no mapping (columns.py). Labels
come in where somebody says whose they are: a list with one value per step (``labels``), or the first wrong step
(``first_error``, with ``counts_from``). Empty cells say nothing. A *solution* beside an answer or a level may as well
be the reference, and is not guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.errors import Rejected
from annotate.ingest.columns import Columns, trace_of
from annotate.ingest.csv_records import header_of
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.options import CUTTING, PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source

DOUBTFUL = "solution"
# What MATH, MATH-500 and their like say of a problem.
_OF_PROBLEMS = (
    *({"answer"}, {"final_answer"}, {"ground_truth"}, {"expected_answer"}, {"problem_type"}),
    *({"level", "type"}, {"level", "subject"}),
)


class TableReader:
    name = "table"
    title = "Any table, by a mapping of its columns"
    heeds = CUTTING | RATING | {"columns", "values", "counts_from", "problem"}

    def fits(self, sample: Sample) -> bool:
        return Columns(PLAIN).fits(sample.record)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        columns = Columns(options)
        absent = _absent(source, options)
        if absent is not None:
            return iter([absent])
        return rows_of(source, lambda fields: _trace_draft(fields, columns))


def _trace_draft(fields: Fields, columns: Columns) -> TraceDraft:
    if columns.place(fields, "steps") is None and _may_be_the_key(fields, columns):
        raise Rejected(
            "may be the model's or the reference, since an answer or a level stands beside it; say which: map"
            f" text={DOUBTFUL}, or map reference_solution={DOUBTFUL} with the model's text elsewhere",
            field=DOUBTFUL,
        )
    return trace_of(fields, columns, "table")


def _may_be_the_key(fields: Fields, columns: Columns) -> bool:
    """Whether the text is a solution as sets of problems have it, and nothing says that a model wrote it."""
    if "text" in columns.options.columns or columns.place(fields, "text") != DOUBTFUL:
        return False
    return columns.place(fields, "model") is None and any(
        all(name in fields for name in names) for names in _OF_PROBLEMS
    )


def _absent(source: Source, options: ReadOptions) -> BadRow | None:
    """A column that somebody has mapped and the header of a CSV does not have. A bad header is told with its row."""
    if source.container is not Container.TEXT or not options.columns:
        return None
    try:
        there = header_of(source.head)
    except Rejected:
        return None
    for name, column in options.columns.items():
        if column not in there and column.partition(".")[0] not in there:
            return BadRow(
                1, column, f"there is no such column to map {name} to; there are {', '.join(there[:12])}"
            )
    return None
