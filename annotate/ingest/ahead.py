"""Rows read ahead of their writing: a thread reads while the database takes in what was read before.

The database works on one processor while Python waits for it; meanwhile the thread, which asks no database, reads on
on the other. Memory holds a few chunks however long the file is.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from annotate.ingest.drafts import BadRow, Identity, PairDraft, Row, TraceDraft, identity_of
from annotate.ingest.source import Source

# A chunk is handed over when it has so many rows or weighs so much, in characters and bytes.
ROWS = 300
WEIGHT = 1024 * 1024
# So much may wait to be written. One row can weigh more and then waits alone.
MOST_WAITING = 8 * WEIGHT
# Whoever waits for the database should go on when it answers: the usual 5 ms are longer than most answers take.
_TURN = 0.0005

_lock = threading.Lock()
_inside = 0
_usual = 0.0


class ReadRow(NamedTuple):
    """A row as it was read, and by what the traces in it are known: none, one, or the two of a pair."""

    row: Row | BadRow
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """``n_read``: how far in the file its last row was read."""

    rows: list[ReadRow]
    weight: int
    n_read: int


class ReadAhead:
    """The chunks of ``rows`` in order. What reading raises is raised here, after the chunks before it."""

    def __init__(self, rows: Iterator[Row | BadRow], source: Source) -> None:
        self._rows = rows
        self._source = source
        self._waiting: deque[Chunk] = deque()
        self._weight = 0
        self._is_over = self._is_stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        # With the language and whatever else the caller's context holds.
        self._thread = threading.Thread(target=copy_context().run, args=(self._read,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_over)
                if not self._waiting:
                    if self._error is not None:
                        raise self._error
                    return
                chunk = self._waiting.popleft()
                self._weight -= chunk.weight
                self._changed.notify_all()
            yield chunk

    def _read(self) -> None:
        try:
            for chunk in self._chunks():
                if not self._hand_over(chunk):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the rows are wanted
            self._error = error
        finally:
            # A reader may hold a database file, which has to be closed by the thread that opened it.
            close = getattr(self._rows, "close", None)
            if close is not None:
                close()
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _chunks(self) -> Iterator[Chunk]:
        chunk: list[ReadRow] = []
        weight, begun = 0, self._source.n_read
        try:
            for row in self._rows:
                known = _identities(row)
                chunk.append(ReadRow(row, known))
                weight += sum([one.weight for one in known])
                n_read = self._source.n_read
                # What was read counts as well: a row may be heavy with meta, or with labels.
                if len(chunk) >= ROWS or max(weight, n_read - begun) >= WEIGHT:
                    yield Chunk(chunk, max(weight, n_read - begun), n_read)
                    chunk, weight, begun = [], 0, n_read
        except Exception as error:  # noqa: BLE001 - raised again behind the rows before it
            self._error = error
        if chunk:
            yield Chunk(chunk, weight, self._source.n_read)

    def _hand_over(self, chunk: Chunk) -> bool:
        """Whether it is wanted: nobody wants more once the caller has stopped."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_stopped or not self._waiting or self._weight + chunk.weight <= MOST_WAITING
            )
            self._waiting.append(chunk)
            self._weight += chunk.weight
            self._changed.notify_all()
            return not self._is_stopped


def _identities(row: Row | BadRow) -> tuple[Identity, ...]:
    if isinstance(row, BadRow):
        return ()
    match row.draft:
        case TraceDraft():
            return (identity_of(row.draft),)
        case PairDraft(first, second):
            return (identity_of(first), identity_of(second))
        case _:
            return ()


@contextmanager
def quick_turns() -> Iterator[None]:
    """Threads take turns ten times as often; what was usual returns when the last of several callers is out."""
    global _inside, _usual  # noqa: PLW0603 - the interval is the process's own
    with _lock:
        _inside += 1
        if _inside == 1:
            _usual = sys.getswitchinterval()
            sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                sys.setswitchinterval(_usual)
