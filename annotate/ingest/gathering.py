"""Records that belong together, wherever in a file they stand: the spans of a trace come in the order they ended.

They wait in a database in a temporary file, so that memory holds one group at a time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from annotate.errors import Rejected
from annotate.ingest.json_records import MAX_RECORD

# Of records in one group.
MOST = 20_000
_TABLE = "CREATE TABLE record (place INTEGER PRIMARY KEY, name TEXT, line INTEGER, body TEXT)"
_FIRSTS = "SELECT name, min(line), count(*), sum(length(body)) FROM record GROUP BY name ORDER BY min(place)"


@dataclass(frozen=True, slots=True)
class Group:
    """``line`` is where the first of its records starts."""

    name: str
    line: int
    records: list[dict[str, Any]]


class Gathering:
    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="gradus-")
        self._file = sqlite3.connect(Path(self._folder.name) / "records")
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(_TABLE)

    def add(self, name: str, line: int, record: dict[str, Any]) -> None:
        body = json.dumps(record)
        self._file.execute("INSERT INTO record (name, line, body) VALUES (?, ?, ?)", (name, line, body))

    def groups(self) -> Iterator[Group | Rejected]:
        """Every group in the order of its first record; for one too large to hold, why, with its line as the row."""
        self._file.execute("CREATE INDEX by_name ON record (name, place)")
        for name, line, count, size in self._file.execute(_FIRSTS):
            if count > MOST or size > MAX_RECORD:
                yield Rejected(f"{count:,} records with {size:,} characters belong to {name!r}", row=line)
                continue
            bodies = self._file.execute("SELECT body FROM record WHERE name = ? ORDER BY place", (name,))
            yield Group(name, line, [json.loads(body) for (body,) in bodies])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._folder.cleanup()
