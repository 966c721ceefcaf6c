"""Rows read ahead of whoever writes them, by a thread of their own.

Reading computes, and writing mostly waits for the database. The thread reads the file and nothing else; all that asks
the database stays where it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from annotate.ingest.drafts import BadRow, LineupDraft, PairDraft, Row, TraceDraft, fingerprint_of

# Handed over at once: by itself a row would cost as much to hand over as to read. Rows with much in them come in
# smaller piles, and so few piles wait that memory holds little more than without.
_MOST_ROWS = 200
_MOST_BYTES = 1024 * 1024
_MOST_PILES = 10
# Seconds after which a pile is handed over however small it is.
_LONGEST = 0.5
# Seconds until the thread looks whether anybody still wants what it has read.
_PATIENCE = 0.1


@dataclass(slots=True)
class _Pile:
    rows: list[Row | BadRow] = field(default_factory=list)
    # Of the file, behind the last row.
    n_read: int = 0
    n_bytes: int = 0
    begun_at: float = field(default_factory=time.monotonic)
    is_last: bool = False
    # What went wrong behind the rows of the last pile.
    error: BaseException | None = None

    @property
    def is_full(self) -> bool:
        return (
            len(self.rows) >= _MOST_ROWS
            or self.n_bytes >= _MOST_BYTES
            or time.monotonic() - self.begun_at >= _LONGEST
        )


def read_in_turn(
    rows: Iterator[Row | BadRow], n_read: Callable[[], int], before_reading: Callable[[], None] = lambda: None
) -> Generator[tuple[Row | BadRow, int]]:
    """As :func:`read_ahead`, without a thread: for rows whose reading asks the database too.

    ``before_reading`` is called before each of them.
    """
    before_reading()
    for row in rows:
        yield row, n_read()
        before_reading()


def read_ahead(
    rows: Iterator[Row | BadRow], n_read: Callable[[], int], before_waiting: Callable[[], None] = lambda: None
) -> Generator[tuple[Row | BadRow, int]]:
    """The same rows in the same order, each with how far the file has been read; what was raised is raised there.

    ``before_waiting`` is called whenever the next rows are not there yet: to read them may take as long as it likes.
    Close it where it is left before its end: the thread is gone then, and the file may be closed.
    """
    piles: Queue[_Pile] = Queue(_MOST_PILES)
    is_over = threading.Event()

    def hand_over(pile: _Pile) -> bool:
        while not is_over.is_set():
            with suppress(Full):
                piles.put(pile, timeout=_PATIENCE)
                return True
        return False

    def read() -> None:
        pile = _Pile()
        try:
            for row in rows:
                pile.rows.append(row)
                pile.n_bytes += _prepared(row)
                if pile.is_full:
                    pile.n_read = n_read()
                    if not hand_over(pile):
                        break
                    pile = _Pile()
            pile.n_read = n_read()
        # Whatever it is, it belongs to whoever asked for the rows.
        except BaseException as error:  # noqa: BLE001
            pile.error = error
        finally:
            if isinstance(rows, Generator):
                rows.close()
        pile.is_last = True
        hand_over(pile)

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            if piles.empty():
                before_waiting()
            pile = piles.get()
            for row in pile.rows:
                yield row, pile.n_read
            if pile.error is not None:
                raise pile.error
            if pile.is_last:
                return
    finally:
        is_over.set()
        with suppress(Empty):
            piles.get_nowait()
        thread.join()


def _prepared(row: Row | BadRow) -> int:
    """Take here the fingerprints that the other side would; returns the bytes of texts and images in the row."""
    if isinstance(row, BadRow):
        return 0
    match row.draft:
        case TraceDraft() as trace:
            traces = [trace]
        case PairDraft(first, second):
            traces = [first, second]
        case LineupDraft(together):
            traces = [*together]
        case _:
            traces = []
    n_bytes = 0
    for trace in traces:
        trace.fingerprint = taken = fingerprint_of(trace)
        n_bytes += taken.n_bytes
    return n_bytes
