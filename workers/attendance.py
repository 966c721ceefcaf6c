"""A worker's sign of life: a thread beside its pool that says every few seconds that it is there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection

from annotate.prelabel.runs.attendance import SIGN_SECONDS, sign, sign_off
from workers.process_name import worker_name

log = logging.getLogger(__name__)


class Attendance(threading.Thread):
    """Signs on when started and off when stopped. The main process keeps it, whatever its pool is made of."""

    def __init__(self, queues: str) -> None:
        super().__init__(name="attendance", daemon=True)
        self._worker = worker_name()
        self._queues = queues
        self._is_over = threading.Event()

    def run(self) -> None:
        try:
            while True:
                _say(lambda: sign(self._worker, self._queues, settings.VERSION))
                if self._is_over.wait(SIGN_SECONDS):
                    break
            _say(lambda: sign_off(self._worker))
        finally:
            # Connections belong to threads; this one ends here.
            connection.close()

    def stop(self) -> None:
        """Sign off, and wait until that is said."""
        self._is_over.set()
        self.join(timeout=SIGN_SECONDS)


@contextmanager
def signing(sign: Callable[[], None], *, every: float) -> Iterator[None]:
    """``sign`` now, and every so many seconds for as long as the work within takes."""
    is_over = threading.Event()

    def go_on() -> None:
        try:
            while not is_over.wait(every):
                _say(sign)
        finally:
            connection.close()

    sign()
    thread = threading.Thread(target=go_on, name="sign of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _say(what: Callable[[], None]) -> None:
    try:
        what()
    except DatabaseError:
        # Nobody's work depends on it: the next sign says the same.
        log.warning("the worker could not sign", exc_info=True)
        connection.close()
