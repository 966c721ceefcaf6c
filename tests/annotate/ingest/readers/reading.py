"""Read small files with one reader, or with the one that knows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from annotate.ingest.drafts import BadRow, Draft, LabelDraft, Row, TraceDraft
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.readers import AUTO, reader_for
from annotate.ingest.source import Source


def written(folder: Path, *rows: Any, name: str = "in.jsonl") -> Path:
    """Text as it is, one record as a file of its own, several as JSON Lines."""
    path = folder / name
    if len(rows) == 1 and isinstance(rows[0], str | bytes):
        path.write_bytes(rows[0].encode() if isinstance(rows[0], str) else rows[0])
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path, format: str = AUTO, options: ReadOptions = PLAIN) -> tuple[str, list[Row | BadRow]]:
    """The name of the reader that took the file, and its rows."""
    with Source(path) as source:
        reader = reader_for(source, format, options)
        options.check(reader.heeds, reader.name)
        return reader.name, list(reader.rows(source, options))


def drafts(path: Path, format: str, options: ReadOptions = PLAIN, *, told: str = AUTO) -> list[Draft]:
    """The drafts of a file that is known as ``format`` and holds good rows only."""
    name, rows = read(path, told, options)
    assert name == format
    good = []
    for row in rows:
        assert isinstance(row, Row), row
        good.append(row.draft)
    return good


def one_trace(path: Path, format: str, options: ReadOptions = PLAIN, *, told: str = AUTO) -> TraceDraft:
    (draft,) = drafts(path, format, options, told=told)
    assert isinstance(draft, TraceDraft)
    return draft


def bad(path: Path, format: str = AUTO, options: ReadOptions = PLAIN) -> tuple[str | None, str]:
    """(field, reason) of the only row of a file, which cannot be taken."""
    _, (row,) = read(path, format, options)
    assert isinstance(row, BadRow), row
    return row.field, row.reason


def said(labels: tuple[LabelDraft, ...]) -> list[tuple[int | None, str]]:
    return [(label.position, label.value) for label in labels]


def texts(draft: TraceDraft) -> list[str]:
    return [step.text for step in draft.steps]
