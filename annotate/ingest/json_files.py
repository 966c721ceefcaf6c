"""The objects of a JSON file that the operator names, one at a time, the first bad one raised with its row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow
from annotate.ingest.json_records import json_records
from annotate.ingest.source import Source


def objects_in(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line and object. JSON lines, one list, or objects one after the other; plain or gzipped."""
    with Source(file) as source:
        for record in json_records(source.text):
            if isinstance(record, BadRow):
                raise Rejected(f"{file.name}: {record.reason}", row=record.line, field=record.field)
            if not isinstance(record.value, dict):
                raise Rejected(f"{file.name}: an object was expected", row=record.line)
            yield record.line, record.value
