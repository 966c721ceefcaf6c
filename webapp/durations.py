"""How long requests took, counted by every web process in a small file of its own that any of them can read.

Counts outlive the process that made them (:mod:`webapp.ended_counts`), so that a sum over all files never falls. Eight
bytes are written at once, and a reader may be one request behind.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import threading
import uuid
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from itertools import product
from pathlib import Path
from typing import Generic, TypeVar

from webapp.ended_counts import Layout, give_over, hold, summed_rows
from workers.process_name import machine_name

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
KINDS = ("page", "api")
STATUSES = ("2xx", "3xx", "4xx", "5xx")
ENDING = ".counts"
_PLACES = {place: i for i, place in enumerate(product(KINDS, STATUSES))}
# A count per bucket and one beyond the last.
_N_COUNTS = len(BUCKETS) + 1
_WIDTH = _N_COUNTS + 1
LAYOUT = Layout(len(_PLACES), _N_COUNTS)

log = logging.getLogger(__name__)

Place = TypeVar("Place", bound=Hashable)
Counted = dict[Place, tuple[list[int], float]]


class Counts(Generic[Place]):
    """This process's file of what has a place in ``places``. A fork gets one of its own at its first request.

    ``ending`` is the files' name for these places: files with the same hold the same.
    """

    def __init__(self, folder: Path, places: Mapping[Place, int], ending: str) -> None:
        self._folder, self._places, self._ending = folder, places, ending
        self._size = 8 * _WIDTH * len(places)
        self._pid = 0
        self._has_told = False
        self._lock = threading.Lock()
        self._held: mmap.mmap

    def count(self, place: Place, seconds: float) -> None:
        """What has no place is not counted."""
        row = self._places.get(place)
        if row is None:
            return
        with self._lock:
            if self._pid != os.getpid() and not self._could_open():
                return
            at = 8 * _WIDTH * row
            bucket = at + 8 * bisect_left(BUCKETS, seconds)
            struct.pack_into("<q", self._held, bucket, struct.unpack_from("<q", self._held, bucket)[0] + 1)
            last = at + 8 * (_WIDTH - 1)
            struct.pack_into("<d", self._held, last, struct.unpack_from("<d", self._held, last)[0] + seconds)

    def _could_open(self) -> bool:
        """Nobody goes without an answer because it cannot be counted: on a full disk nothing is, for a while."""
        try:
            self._open()
        except OSError:
            if not self._has_told:
                log.warning("requests are not counted", exc_info=True)
            self._has_told = True
            return False
        self._has_told = False
        return True

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In every container the first process has the number 1, and numbers come round again.
        name = f"{machine_name()}-{os.getpid()}-{uuid.uuid4().hex[:12]}{self._ending}"
        with os.fdopen(
            os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b"
        ) as file:
            hold(file.fileno())
            # Written, not left empty: a page without a place on the disk kills the process that counts in it.
            file.write(bytes(self._size))
            file.flush()
            # The map keeps the file open, and with it the lock.
            self._held, self._pid = mmap.mmap(file.fileno(), self._size), os.getpid()


def summed(folder: Path, places: Mapping[Place, int], ending: str) -> Counted[Place]:
    """Over all processes there were, without what never happened."""
    rows = summed_rows(folder, ending, Layout(len(places), _N_COUNTS))
    found = {place: rows[i] for place, i in places.items()}
    return {place: (counts, float(seconds)) for place, (counts, seconds) in found.items() if any(counts)}


class Durations(Counts[tuple[str, str]]):
    """By what was asked, and how it ended."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, _PLACES, ENDING)

    def _open(self) -> None:
        super()._open()
        try:
            give_over(self._folder, ENDING, LAYOUT)
        except OSError:
            # What cannot be put together still counts where it is.
            log.warning("counts of processes that have ended stay in their files", exc_info=True)

    def note(self, kind: str, status: int, seconds: float) -> None:
        self.count((kind, f"{status // 100}xx"), seconds)


def durations(folder: Path) -> Counted[tuple[str, str]]:
    return summed(folder, _PLACES, ENDING)


def quantile(counts: list[int], share: float) -> float:
    """The seconds within which ``share`` of the counted requests were answered, even within a bucket.

    Beyond the last bound nothing is known but that it was longer: the bound is returned.
    """
    wanted, before = share * sum(counts), 0
    for i, n in enumerate(counts[:-1]):
        if n and before + n >= wanted:
            low = BUCKETS[i - 1] if i else 0.0
            return low + (BUCKETS[i] - low) * (wanted - before) / n
        before += n
    return BUCKETS[-1]
