"""The beginning of a file, by which readers tell whether it is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.csv_records import delimiter_of
from annotate.ingest.drafts import BadRow
from annotate.ingest.records import records
from annotate.ingest.source import Container, Source

# Some dirt at the top does not make a file unknown.
_TRIES = 10


class Sample:
    """``record`` is the first good one, empty where there is none; ``head`` the file's first characters.

    ``flaw`` is what is wrong with the first bad record, where there is no good one.
    """

    def __init__(self, source: Source) -> None:
        self.head = source.head
        self.container = source.container
        self.path = source.path
        self.record: Mapping[str, Any] = {}
        self.flaw: BadRow | None = None
        if self.container is Container.ZIP or (
            self.container is Container.TEXT and delimiter_of(source.head) is None
        ):
            return
        try:
            for _, record in zip(range(_TRIES), records(source), strict=False):
                if isinstance(record, BadRow):
                    self.flaw = self.flaw or record
                elif isinstance(record.value, dict):
                    self.record, self.flaw = record.value, None
                    break
        except Rejected as error:
            self.flaw = self.flaw or BadRow(1, error.field, error.reason)
        finally:
            source.rewind()

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self.record)

    def has(self, *names: str) -> bool:
        return all(name in self.record for name in names)

    def value(self, name: str) -> Any:
        return self.record.get(name)

    def list_of(self, name: str, kind: type = object) -> list[Any] | None:
        """A field that is a list, of nothing but ``kind``."""
        found = self.record.get(name)
        return found if isinstance(found, list) and all(isinstance(one, kind) for one in found) else None
