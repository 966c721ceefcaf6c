"""Whole-trace turns, keystrokes and pages on a real server: ``python -m tests.benchmarks.bench_labelling --help``.

The database is ``DATABASE_URL``, which must be empty (SQLite in a temporary folder by default). Server, database and
load share the machine's processors, as in the measurements of other programs that these figures are held against.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.labelling.desk import SLUG, furnish, name_of, session_of, web_server
from tests.benchmarks.labelling.floor import floor_server
from tests.benchmarks.labelling.reader import Reader


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")


def together(readers: list[Reader], seconds: float, act: object) -> tuple[int, float]:
    """Let every reader do ``act`` again and again; (how often it was done, seconds it took)."""
    done = [0] * len(readers)
    ends = time.perf_counter() + seconds

    def go(number: int) -> None:
        while time.perf_counter() < ends:
            if not act(readers[number]):  # type: ignore[operator]
                return
            done[number] += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(readers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done), time.perf_counter() - began


def a_turn(reader: Reader) -> bool:
    return reader.read() and reader.submit()


def a_keyed_turn(reader: Reader) -> bool:
    return (
        reader.read()
        and all(reader.press(index) for index in range(len(reader.questions)))
        and reader.submit()
    )


def report(title: str, readers: list[Reader], done: int, seconds: float, used: float) -> None:
    print(
        f"{title}: {done / seconds:.0f} turns per second, load {1000 * used / max(1, done):.1f} ms processor each"
    )
    for kind in ("next", "submit", "key"):
        times = [value for reader in readers for value in reader.times.get(kind, [])]
        if times:
            middle, late = quantile(times, 0.5), quantile(times, 0.95)
            print(
                f"  {kind:<7} p50 {middle:6.1f} ms   p95 {late:6.1f} ms   slowest {max(times):6.1f} ms   n {len(times)}"
            )
    errors = [error for reader in readers for error in reader.errors]
    print(f"  errors  {len(errors)} {errors[:3] or ''}")


def beside_the_floor(host: str, floor: str, people: int, seconds: float, rounds: int) -> None:
    """Turns per second here as a share of what the one-file server does, taking turns."""
    shares = []
    for _ in range(rounds):
        rates = []
        for place in (host, floor):
            readers = [Reader(place, session_of(name_of(number))) for number in range(people)]
            for reader in readers:
                reader.start(SLUG)
            used = time.process_time()
            done, took = together(readers, seconds, a_turn)
            rates.append(done / took)
            report("product" if place == host else "floor", readers, done, took, time.process_time() - used)
        shares.append(rates[0] / rates[1])
    shown = ", ".join(f"{share:.2f}" for share in shares)
    print(f"share of the floor  {shown}; median {statistics.median(shares):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--floor", action="store_true", help="beside the one-file server on FLOOR_URL, round by round"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("GRADUS_HOME", name)
        began = time.perf_counter()
        furnish(folder, given.traces)
        from django.db import connection

        print(
            f"{connection.vendor}, {given.traces:,} traces of 8 steps queued in {time.perf_counter() - began:.0f} s"
        )
        with web_server(folder, processes=given.processes) as host:
            if given.floor:
                with floor_server(folder, given.traces, processes=given.processes) as floor:
                    beside_the_floor(host, floor, max(given.people), given.seconds, given.rounds)
                return
            for people in given.people:
                for title, act in (("whole sheets", a_turn), ("key by key", a_keyed_turn)):
                    rates = []
                    for _ in range(given.rounds):
                        readers = [Reader(host, session_of(name_of(number))) for number in range(people)]
                        for reader in readers:
                            reader.start(SLUG)
                        used = time.process_time()
                        done, seconds = together(readers, given.seconds, act)
                        rates.append(done / seconds)
                    report(f"{people} people, {title}", readers, done, seconds, time.process_time() - used)
                    print(
                        f"  rounds  {', '.join(f'{rate:.0f}' for rate in rates)}; median {statistics.median(rates):.0f}"
                    )
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"server processor time {children.ru_utime + children.ru_stime:.1f} s")


if __name__ == "__main__":
    main()
