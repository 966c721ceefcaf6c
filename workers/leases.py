"""The units one worker holds, with a thread that keeps their leases alive through long batches.

A holder may rely on a lease by its own count of seconds from before it was asked for, which is never longer than by
the database's clock. From then on nothing may be asked for the unit until the database has said whose it is: a cable
that was cut tells nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from types import TracebackType

from django.db import DatabaseError, connection

from annotate.clock import steady
from annotate.models import Unit
from annotate.prelabel.actions import heartbeat

log = logging.getLogger(__name__)


class Leases:
    """Holds units under one worker's name, extending their leases three times per lease while entered."""

    def __init__(self, worker: str, seconds: float) -> None:
        self.worker = worker
        self.seconds = seconds
        self._units: dict[int, Unit] = {}
        # Until when each is known to be ours, by this machine's steady seconds.
        self._sure_until: dict[int, float] = {}
        # What has happened since somebody last asked: units found to be another's, and leases that had run out.
        self._gone: list[Unit] = []
        self._has_lapsed = False
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

    def hold(self, units: Iterable[Unit], *, since: float) -> None:
        """Hold units whose leases were asked for at ``since``, in steady seconds."""
        with self._lock:
            for unit in units:
                self._units[unit.pk] = unit
                self._sure_until[unit.pk] = since + self.seconds

    def drop(self, key: int) -> Unit:
        with self._lock:
            del self._sure_until[key]
            return self._units.pop(key)

    def held(self) -> list[Unit]:
        with self._lock:
            return list(self._units.values())

    @property
    def is_sure(self) -> bool:
        """Whether all that is held is known to be ours, and was all the time since :meth:`lost` was asked."""
        with self._lock:
            if self._gone or self._has_lapsed:
                return False
            return steady() < min(self._sure_until.values(), default=float("inf"))

    def lost(self) -> set[int]:
        """The keys of what was held and is another's by now; they are held no longer. Asks the database if need be.

        Raises DatabaseError where that does not answer.
        """
        with self._lock:
            is_known = steady() < min(self._sure_until.values(), default=float("inf"))
        if not is_known:
            self._extend()
        with self._lock:
            found = {unit.pk for unit in self._gone if self._units.get(unit.pk) is unit}
            for key in found:
                del self._units[key], self._sure_until[key]
            self._gone, self._has_lapsed = [], False
        if found:
            log.warning("units %s were taken over by other workers and are let go", sorted(found))
        return found

    def _beat(self) -> None:
        try:
            while not self._is_over.wait(self.seconds / 3):
                try:
                    self._extend()
                except DatabaseError:
                    # A database that is away for a moment costs at most the lease, and a lost lease nothing but work.
                    log.exception("leases could not be extended")
                    connection.close()
        finally:
            # Connections belong to threads; this one ends here.
            connection.close()

    def _extend(self) -> None:
        since, units = steady(), self.held()
        still = heartbeat(units, self.worker, lease_seconds=self.seconds)
        until = steady()
        with self._lock:
            for unit in units:
                if self._units.get(unit.pk) is not unit:
                    continue
                if unit.pk not in still:
                    self._gone.append(unit)
                    continue
                # Whoever might have had it in between may have stored what it asks.
                self._has_lapsed |= until >= self._sure_until[unit.pk]
                self._sure_until[unit.pk] = max(self._sure_until[unit.pk], since + self.seconds)
