"""Many people label at once, as people do: with pauses. ``python -m tests.benchmarks.bench_load --help``.

The database is ``DATABASE_URL``: empty, or holding what ``tests.benchmarks.big_project`` has made. The web server is
the one that ``serve`` starts; load, server and database share the machine. Each person reads for a while, answers step
by step by keystroke, and submits. What the processes of the server hold of memory is read every few seconds.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.bench_labelling import quantile
from tests.benchmarks.big_project import SLUG, furnish, name_of
from tests.benchmarks.labelling.desk import session_of, web_server
from tests.benchmarks.labelling.reader import Reader

EVERY = 5.0
# The first part of a run fills caches and opens connections; what grows behind it is a leak.
WARM_SHARE = 0.25


def a_persons_day(reader: Reader, think: float, arrive: float, ends: float, drawn: random.Random) -> None:
    """Trace after trace until time is up; ``think`` is the mean pause before each act, in seconds, and people come in
    one after the other over ``arrive`` seconds."""

    def pause() -> bool:
        time.sleep(min(drawn.expovariate(1 / think), 5 * think))
        return time.monotonic() < ends

    time.sleep(drawn.uniform(0, arrive))
    if not reader.start(SLUG):
        reader.errors.append("nothing to label")
        return
    while time.monotonic() < ends:
        if not reader.read():
            return
        for index in range(len(reader.questions)):
            if not pause():
                return
            reader.press(index, drawn.choice(("good", "good", "good", "bad")))
        if not pause() or not reader.submit():
            return


@dataclass
class Memory:
    """Megabytes held by each process, by seconds since the start."""

    rows: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def note(self, at: float, pids: Iterator[int]) -> None:
        for pid in pids:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            held = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
            self.rows.setdefault(pid, []).append((at, int(held.split()[1]) / 1024))


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
    """The web server is this process's child, and leads a session of its own."""
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


@contextmanager
def watched(group: int, memory: Memory) -> Iterator[None]:
    over, began = threading.Event(), time.monotonic()

    def watch() -> None:
        while not over.is_set():
            memory.note(time.monotonic() - began, processes_of(group))
            over.wait(EVERY)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    over.set()
    thread.join()


def report(readers: list[Reader], memory: Memory, seconds: float) -> None:
    for kind in ("queue", "claim", "next", "key", "submit"):
        times = [value for reader in readers for value in reader.times.get(kind, [])]
        if times:
            shown = "   ".join(
                f"p{100 * share:.0f} {quantile(times, share):7.1f}" for share in (0.5, 0.95, 0.99)
            )
            print(f"{kind:<7} {shown}   slowest {max(times):8.1f} ms   {len(times):,} requests")
    total = [value for reader in readers for times in reader.times.values() for value in times]
    errors = [error for reader in readers for error in reader.errors]
    submitted = sum(len(reader.submitted) for reader in readers)
    print(
        f"all     {len(total):,} requests, {len(total) / seconds:.1f} a second, p95 {quantile(total, 0.95):.1f} ms;"
        f" {submitted:,} traces submitted; {len(errors)} errors {errors[:3] or ''}"
    )
    for pid, points in memory.rows.items():
        late = [point for point in points if point[0] > WARM_SHARE * points[-1][0]]
        slope, around = slope_of(late)
        print(
            f"process {pid}: {points[0][1]:.0f} MB at first, {points[-1][1]:.0f} at the end; behind the first quarter"
            f" {slope:+.1f} ± {around:.1f} MB an hour"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--think", type=float, default=4.0, help="mean seconds before each keystroke")
    parser.add_argument("--arrive", type=float, default=60.0, help="seconds over which people come in")
    parser.add_argument("--traces", type=int, default=10_000, help="in an empty database, so many are made")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("GRADUS_HOME", name)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command

        from annotate.models import Project

        call_command("migrate", verbosity=0)
        if not Project.objects.filter(slug=SLUG).exists():
            furnish(given.traces, given.people, say=print)
        readers = [session_of(name_of(number)) for number in range(given.people)]
        with web_server(Path(name), processes=given.processes) as host:
            load(host, readers, given.minutes * 60, given.think, given.arrive)


def load(host: str, sessions: list[str], seconds: float, think: float, arrive: float) -> None:
    readers = [Reader(host, session) for session in sessions]
    memory, ends = Memory(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=a_persons_day, args=(reader, think, arrive, ends, random.Random(number)))
        for number, reader in enumerate(readers)
    ]
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with watched(server_group(), memory):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    report(readers, memory, seconds)
    print(
        f"the load itself took {resource.getrusage(resource.RUSAGE_SELF).ru_utime - used:.1f} s of processor time"
    )


if __name__ == "__main__":
    main()
