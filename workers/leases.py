"""The units one worker holds, with a thread that keeps their leases alive through long batches."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from types import TracebackType

from django.db import DatabaseError, connection

from annotate.models import Unit
from annotate.prelabel.actions import heartbeat

log = logging.getLogger(__name__)


class Leases:
    """Holds units under one worker's name, extending their leases three times per lease while entered."""

    def __init__(self, worker: str, seconds: float) -> None:
        self.worker = worker
        self.seconds = seconds
        self._units: dict[int, Unit] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"leases of {worker}", daemon=True)

    def __enter__(self) -> Leases:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def hold(self, units: Iterable[Unit]) -> None:
        with self._lock:
            self._units.update((unit.pk, unit) for unit in units)

    def drop(self, key: int) -> Unit:
        with self._lock:
            return self._units.pop(key)

    def held(self) -> list[Unit]:
        with self._lock:
            return list(self._units.values())

    def _beat(self) -> None:
        try:
            while not self._is_over.wait(self.seconds / 3):
                self._extend()
        finally:
            # Connections belong to threads; this one ends here.
            connection.close()

    def _extend(self) -> None:
        try:
            heartbeat(self.held(), self.worker, lease_seconds=self.seconds)
        except DatabaseError:
            # A database that is away for a moment costs at most the lease, and a lost lease costs nothing but work.
            log.exception("leases could not be extended")
            connection.close()
