"""What processes counted that have ended: given over to one file, so that there is not one for each there ever was.

A process holds a lock on its own file for as long as it lives, which the system lets go however it ends; no number of a
process has to be believed in, and containers that share the folder tell each other's. A name is never used twice.

What is given over is written beside what was, with the names of the files it was in, and takes its place at once. From
then on whoever sums passes over these files, whether they lie there still or not: a crash before leaves everything as
it was, one after it leaves files that the next one takes away.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from struct import Struct

# Processes of a version that knew no locks may be counting still. They write the time whenever they count.
QUIET_SECONDS = 3600.0

# Counts, and the sum of seconds: exact, so that it is the same in whatever order it is added up.
Row = tuple[list[int], Fraction]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file holds: so many rows of so many counts each, and seconds. Others are passed over."""

    n_rows: int
    n_counts: int

    @property
    def row(self) -> Struct:
        return Struct(f"<{self.n_counts}qd")

    @property
    def size(self) -> int:
        return self.row.size * self.n_rows

    def rows_of(self, content: bytes) -> list[Row] | None:
        if len(content) != self.size:
            return None
        return [(counts, Fraction(seconds)) for *counts, seconds in self.row.iter_unpack(content)]

    def is_of(self, rows: Sequence[Row]) -> bool:
        return len(rows) == self.n_rows and all(len(counts) == self.n_counts for counts, _ in rows)


@dataclass(frozen=True, slots=True)
class _Ended:
    """``names`` are the files that ``rows`` have last taken in."""

    names: frozenset[str] = frozenset()
    rows: tuple[Row, ...] = ()


_NOTHING = _Ended()


def hold(file: int) -> None:
    """Say that the process lives which has opened this file, until it ends. Where nothing can be locked, nothing is
    given over."""
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)


def summed_rows(folder: Path, ending: str, layout: Layout) -> list[Row]:
    """Over all processes there were."""
    while True:
        ended = _read(folder, ending)
        files = [_rows_in(folder / name, layout) for name in _names(folder, ending) - ended.names]
        # What is given over meanwhile may have been looked at twice, or not at all.
        if _read(folder, ending) == ended:
            return _added(layout, [ended.rows, *files])


def give_over(folder: Path, ending: str, layout: Layout, *, quiet: float = QUIET_SECONDS) -> None:
    """Take in the files of processes that have ended, and were written to ``quiet`` seconds ago or longer.

    One process does this at a time; others leave it to that. Raises OSError where the folder cannot be written to.
    """
    with _alone(folder / f"ended{ending}.lock") as is_alone:
        ended = _read(folder, ending)
        if not is_alone or not (ended == _NOTHING or layout.is_of(ended.rows)):
            return
        # Their names are forgotten only once nobody can find them any more.
        _take_away(folder, ended.names)
        before = time.time() - quiet
        found = {
            name: rows
            for name in _names(folder, ending)
            if (rows := _left_behind(folder / name, layout, before)) is not None
        }
        if found:
            rows = _added(layout, [ended.rows, *found.values()])
            _write(folder, ending, _Ended(frozenset(found), tuple(rows)))
            _take_away(folder, found)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _could_lock(file)
    finally:
        os.close(file)


def _could_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _left_behind(path: Path, layout: Layout, before: float) -> list[Row] | None:
    """What a process that is gone has counted; None while it may live. A new file is locked before it holds a row."""
    with open(path, "r+b") as file:
        if os.fstat(file.fileno()).st_mtime > before or not _could_lock(file.fileno()):
            return None
        return layout.rows_of(file.read())


def _names(folder: Path, ending: str) -> set[str]:
    return {path.name for path in folder.glob(f"*{ending}")}


def _rows_in(path: Path, layout: Layout) -> Sequence[Row]:
    try:
        return layout.rows_of(path.read_bytes()) or ()
    except FileNotFoundError:
        return ()


def _added(layout: Layout, files: Iterable[Sequence[Row]]) -> list[Row]:
    sums: list[Row] = [([0] * layout.n_counts, Fraction(0)) for _ in range(layout.n_rows)]
    for rows in files:
        for i, (counts, seconds) in enumerate(rows if layout.is_of(rows) else ()):
            if any(counts):
                before, total = sums[i]
                sums[i] = [a + b for a, b in zip(before, counts, strict=True)], total + seconds
    return sums


def _take_away(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    _settle(folder)


def _read(folder: Path, ending: str) -> _Ended:
    try:
        kept = json.loads((folder / f"ended{ending}.json").read_bytes())
    except FileNotFoundError:
        return _NOTHING
    rows = tuple((counts, Fraction(seconds)) for counts, seconds in kept["rows"])
    return _Ended(frozenset(kept["names"]), rows)


def _write(folder: Path, ending: str, ended: _Ended) -> None:
    """All of it or nothing, whatever happens meanwhile."""
    path = folder / f"ended{ending}.json"
    new = path.with_suffix(".new")
    rows = [[counts, str(seconds)] for counts, seconds in ended.rows]
    with open(new, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        json.dump({"names": sorted(ended.names), "rows": rows}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _settle(folder)


def _settle(folder: Path) -> None:
    """What was renamed or taken away in here stays so when the power fails."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
