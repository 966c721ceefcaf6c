"""How far a push is, written to its row by a thread of its own, which hears there that it was stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from django.db import DatabaseError, connection

from annotate.export.pushes import note_push
from annotate.models import Push

log = logging.getLogger(__name__)

_TOLD_EVERY = 0.5


class Stopped(Exception):
    """Somebody stopped the push, or another worker has taken it up: nothing more is to be sent or written."""


class Leaving(Exception):
    """This worker was asked to shut down: another is to go on."""


class Progress:
    """Entered, it gives signs of life; ``check`` raises where the push is no longer this worker's.

    The Hub's client reads files in threads of its own, which call ``read_to`` and nothing that asks the database.
    """

    def __init__(self, push: Push, sizes: dict[str, int], is_leaving: Callable[[], bool]) -> None:
        self._push = push
        self._sizes = sizes
        self._is_leaving = is_leaving
        self._places: dict[str, int] = {}
        self._there: set[str] = set()
        self._is_stopped = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name=f"push {push.pk}", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def check(self) -> None:
        if self._is_stopped.is_set():
            raise Stopped
        if self._is_leaving():
            raise Leaving

    def read_to(self, path: str, place: int) -> None:
        self.check()
        # A part that is sent again is read again.
        self._places[path] = max(place, self._places.get(path, 0))

    def found(self, paths: set[str]) -> None:
        """What the Hub has, whoever sent it; what was only read counts no more."""
        self._there = set(paths)
        self._places = {}

    def add(self, paths: set[str]) -> None:
        self._there |= paths

    @property
    def n_there(self) -> int:
        return len(self._there)

    def pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            self._is_stopped.wait(min(left, _TOLD_EVERY))
        self.check()

    def so_far(self) -> dict[str, int]:
        there = set(self._there)
        read = {path: place for path, place in list(self._places.items()) if path not in there}
        return {
            "files_done": len(there),
            "bytes_done": sum(self._sizes[path] for path in there)
            + sum(min(place, self._sizes[path]) for path, place in read.items()),
        }

    def _tell(self) -> None:
        try:
            while not self._is_over.wait(_TOLD_EVERY):
                try:
                    is_mine = note_push(self._push, **self.so_far())
                except DatabaseError:
                    # One that is away for a moment costs at most the lease, and that costs nothing but work.
                    log.exception("push %s could not say how far it is", self._push.pk)
                    connection.close()
                    continue
                if not is_mine:
                    self._is_stopped.set()
                    return
        finally:
            # Connections belong to threads; this one ends here.
            connection.close()
