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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.labelling.desk import SLUG, furnish, name_of, session_of, web_server
from tests.benchmarks.labelling.floor import floor_server
from tests.benchmarks.labelling.label_studio import Studio, studio_server
from tests.benchmarks.labelling.reader import Reader

# The first turns of a server open connections and fill caches.
WARM_SECONDS = 3.0


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


@dataclass
class Round:
    """What readers came to in one turn of the clock: turns per second, and milliseconds per kind of request."""

    rate: float
    times: dict[str, list[float]]
    n_errors: int


def by_turns(
    places: dict[str, Callable[[], list[Reader]]], seconds: float, rounds: int, *, warm: float = 0
) -> dict[str, list[Round]]:
    """Let the readers of each place work, one place after the other, round by round; ``warm`` seconds uncounted."""
    if warm:
        for seat in places.values():
            together(seat(), warm, a_turn)
    measured: dict[str, list[Round]] = {name: [] for name in places}
    for _ in range(rounds):
        for name, seat in places.items():
            readers = seat()
            used = time.process_time()
            done, took = together(readers, seconds, a_turn)
            report(name, readers, done, took, time.process_time() - used)
            times = {
                kind: [value for reader in readers for value in reader.times.get(kind, [])]
                for kind in ("next", "submit")
            }
            measured[name].append(Round(done / took, times, sum(len(reader.errors) for reader in readers)))
    return measured


def seated(host: str, people: int) -> list[Reader]:
    """So many readers at our server, each with a trace."""
    readers = [Reader(host, session_of(name_of(number))) for number in range(people)]
    for reader in readers:
        reader.start(SLUG)
    return readers


def beside_the_floor(host: str, floor: str, people: int, seconds: float, rounds: int) -> None:
    """Turns per second here as a share of what the one-file server does, taking turns."""
    measured = by_turns(
        {"product": partial(seated, host, people), "floor": partial(seated, floor, people)}, seconds, rounds
    )
    shares = [
        ours.rate / least.rate for ours, least in zip(measured["product"], measured["floor"], strict=True)
    ]
    shown = ", ".join(f"{share:.2f}" for share in shares)
    print(f"share of the floor  {shown}; median {statistics.median(shares):.2f}")


def _beside(title: str, said: str, figures: list[tuple[float, float]]) -> None:
    """One line: the medians of both, and how many times the first of a pair is the second."""
    ratios = [first / second for first, second in figures]
    shown = [statistics.median(side) for side in zip(*figures, strict=True)]
    ours, theirs = reversed(shown) if said.startswith("1/") else shown
    print(
        f"  {title:<17} here {ours:8.1f}   label studio {theirs:8.1f}   {said.format(statistics.median(ratios))}"
        f" (rounds {', '.join(said.partition(' ')[0].format(ratio) for ratio in ratios)})"
    )


def beside_label_studio(host: str, studio: Studio, people: int, seconds: float, rounds: int) -> None:
    """How many times its turns, and what share of its waits, taking turns; ratios are medians over the rounds."""
    theirs = [studio.reader(number) for number in range(people)]

    def studio_seats() -> list[Reader]:
        for reader in theirs:
            reader.times, reader.errors = {}, []
        return list(theirs)

    places = {"here": partial(seated, host, people), "label studio": studio_seats}
    measured = by_turns(places, seconds, rounds, warm=min(seconds, WARM_SECONDS))
    pairs = list(zip(measured["here"], measured["label studio"], strict=True))
    print(f"beside Label Studio {studio.version}, {people} people, {rounds} rounds of {seconds:g} s by turns")
    _beside("turns per second", "{:.2f} times", [(ours.rate, other.rate) for ours, other in pairs])
    for kind in ("next", "submit"):
        for share in (0.5, 0.95):
            waits = [
                (quantile(other.times[kind], share), quantile(ours.times[kind], share))
                for ours, other in pairs
            ]
            _beside(f"{kind} p{100 * share:.0f}, ms", "1/{:.2f}", waits)
    for name in places:
        n_turns = sum(len(one.times["submit"]) for one in measured[name])
        print(f"  {name}: {n_turns:,} turns, {sum(one.n_errors for one in measured[name])} errors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, help="of one round; 8, and 15 beside Label Studio")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--floor", action="store_true", help="beside the one-file server on FLOOR_URL, round by round"
    )
    parser.add_argument(
        "--label-studio",
        type=Path,
        metavar="PROGRAM",
        help="beside an installed Label Studio on LABEL_STUDIO_URL, an empty PostgreSQL, round by round",
    )
    given = parser.parse_args()
    if given.label_studio and "LABEL_STUDIO_URL" not in os.environ:
        parser.error("--label-studio needs LABEL_STUDIO_URL, the address of an empty PostgreSQL")
    given.seconds = given.seconds or (15 if given.label_studio else 8)
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
            if given.label_studio:
                program, home = given.label_studio, folder / "label-studio"
                with studio_server(program, home, given.traces, processes=given.processes) as studio:
                    beside_label_studio(host, studio, max(given.people), given.seconds, given.rounds)
                return
            for people in given.people:
                for title, act in (("whole sheets", a_turn), ("key by key", a_keyed_turn)):
                    rates = []
                    for _ in range(given.rounds):
                        readers = seated(host, people)
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
