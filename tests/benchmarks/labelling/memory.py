"""What the processes of a server hold of memory, by time, and how fast it grows."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 5.0
# The first part of a run fills caches and opens connections; what grows behind it is a leak.
WARM_SHARE = 0.25


@dataclass
class Memory:
    """Megabytes held by each process of a group, by seconds of load; time between two loads does not count."""

    group: int
    rows: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    elapsed: float = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read it every few seconds, from now until the end of the block."""
        over, began, before = threading.Event(), time.monotonic(), self.elapsed

        def watch() -> None:
            while not over.is_set():
                self.note(before + time.monotonic() - began)
                over.wait(EVERY)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.elapsed = before + time.monotonic() - began

    def note(self, at: float) -> None:
        for pid in processes_of(self.group):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            held = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
            self.rows.setdefault(pid, []).append((at, int(held.split()[1]) / 1024))

    def lines(self) -> Iterator[str]:
        """A line for each process: megabytes at first, at the end, and what came behind the warm part."""
        for pid, points in self.rows.items():
            slope, around = slope_of([point for point in points if point[0] > WARM_SHARE * points[-1][0]])
            yield (
                f"process {pid}: {points[0][1]:.0f} MB at first, {points[-1][1]:.0f} at the end; behind the first"
                f" quarter {slope:+.1f} ± {around:.1f} MB an hour"
            )


def slope_of(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Megabytes an hour by least squares, and the half width of its 95 % interval."""
    n = len(points)
    if n < 4:
        return float("nan"), float("nan")
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return 3600 * slope, 3600 * 1.96 * (left / (n - 2) / spread) ** 0.5


def processes_of(group: int) -> Iterator[int]:
    """The process that leads the group and its children."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _group_of(int(folder.name)) == group:
            yield int(folder.name)


def server_group() -> int:
    """The only server is this process's child, and leads a session of its own."""
    own = os.getpid()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _parent_of(int(folder.name)) == own:
            return _group_of(int(folder.name))
    raise RuntimeError("the web server is not there")


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1
