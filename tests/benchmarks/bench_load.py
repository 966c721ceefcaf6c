"""Many people label at once, as people do: with pauses. ``python -m tests.benchmarks.bench_load --help``.

The database is ``DATABASE_URL``: empty, or holding what ``tests.benchmarks.big_project`` has made. The web server is
the one that ``serve`` starts; load, server and database share the machine. Each person reads for a while, answers step
by step by keystroke, and submits; whoever is told of an error tries again. What the processes of the server hold of
memory is read every few seconds.

Beside Label Studio (``--label-studio PROGRAM``; see tests/benchmarks/labelling/label_studio.py) both programs hold the
same traces of eight steps, ``DATABASE_URL`` and ``LABEL_STUDIO_URL`` are two empty PostgreSQL databases, and the same
people come with the same pauses first here and then there, ``--rounds`` times, while the other server is at rest. Each
keystroke is saved here. There it is what ``--keys`` says: ``drafts`` as its page saves them by itself, all answers in
one about every five seconds, or ``nothing`` between reading and submitting. "next and submit" are what both are asked
in the same way; "all" has the keystrokes here and the drafts there, and here the queue's page, from which people start.
Before, a few people work for three seconds at each without a pause, uncounted, as in ``bench_labelling``. Requests that
got no answer are errors and in none of the times, so that times are too good where there are errors.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.benchmarks import big_project
from tests.benchmarks.bench_labelling import WARM_SECONDS, a_turn, quantile, together
from tests.benchmarks.labelling import desk
from tests.benchmarks.labelling.day import Pace, days
from tests.benchmarks.labelling.label_studio import Studio, studio_server
from tests.benchmarks.labelling.memory import Memory, server_group
from tests.benchmarks.labelling.reader import Reader

# So many people work before anything is counted, so that no server pays for its first pages alone.
WARMING = 8
KINDS = ("queue", "claim", "next", "key", "draft", "submit")
# What is held against each other: one kind of request, or several as one.
COMPARED = {"next": ("next",), "submit": ("submit",), "next and submit": ("next", "submit"), "all": KINDS}


@dataclass
class Load:
    """What people met with at one program: milliseconds per kind of request, over all rounds."""

    people: int
    seconds: float = 0
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    n_submitted: int = 0
    n_idle: int = 0

    def add(self, readers: list[Reader], seconds: float) -> None:
        self.seconds += seconds
        for reader in readers:
            for kind, times in reader.times.items():
                self.times.setdefault(kind, []).extend(times)
            self.errors += reader.errors
            self.n_submitted += len(reader.submitted)
            self.n_idle += reader.is_idle

    def of(self, kinds: tuple[str, ...]) -> list[float]:
        return [value for kind in kinds for value in self.times.get(kind, [])]

    def lines(self) -> list[str]:
        said = []
        for kind in KINDS:
            if times := self.of((kind,)):
                shown = "   ".join(
                    f"p{100 * share:.0f} {quantile(times, share):7.1f}" for share in (0.5, 0.95, 0.99)
                )
                said.append(f"{kind:<7} {shown}   slowest {max(times):8.1f} ms   {len(times):,} requests")
        total = self.of(KINDS)
        said.append(
            f"all     {len(total):,} requests, {len(total) / self.seconds:.1f} a second,"
            f" p50 {quantile(total, 0.5):.1f} and p95 {quantile(total, 0.95):.1f} ms;"
            f" {self.n_submitted:,} traces submitted; {len(self.errors)} errors {self.errors[:3] or ''}"
        )
        if self.n_idle:
            said.append(
                f"{self.n_idle} of {self.people} people had nothing left to read before the time was up"
            )
        return said

    def failing(self) -> str:
        """Why this is no figure of a server that held so many people; nothing where it did."""
        if self.n_idle:
            return f"{self.n_idle} of {self.people} people had nothing left to read"
        if self.errors:
            return f"{len(self.errors)} errors beside {len(self.of(KINDS)):,} answers"
        return ""


def held_against(here: Load, there: Load, name: str) -> list[str]:
    """p50 and p95 of both for what both do, and whether each held so many people."""
    said = [f"beside {name}, {here.people} people, {here.seconds:.0f} and {there.seconds:.0f} s"]
    for title, kinds in COMPARED.items():
        ours, theirs = here.of(kinds), there.of(kinds)
        shown = "   ".join(
            f"p{100 * share:.0f} {quantile(ours, share):8.1f} beside {quantile(theirs, share):9.1f} ms,"
            f" 1/{quantile(theirs, share) / quantile(ours, share):.1f}"
            for share in (0.5, 0.95)
            if ours and theirs
        )
        said.append(f"  {title:<16}{shown or 'no answers':}   n {len(ours):,} beside {len(theirs):,}")
    said.append(f"  traces submitted {here.n_submitted:,} beside {there.n_submitted:,}")
    for title, load in (("here", here), (name, there)):
        why = load.failing()
        answered = f"answered {load.people} people without an error"
        verdict = f"did not hold {load.people} people: {why}" if why else answered
        said.append(f"  {title}: {verdict}")
    return said


@dataclass
class Place:
    """A program under load: who sits down at it, and what came of it."""

    name: str
    seat: Callable[[], list[Reader]]
    memory: Memory
    load: Load

    def work(self, slug: str, pace: Pace) -> None:
        """One round."""
        readers = self.seat()
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        with self.memory.watched():
            took = days(readers, slug, pace)
        self.load.add(readers, took)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
        print(f"{self.name}: the load itself took {used:.1f} s of processor time", flush=True)

    def report(self) -> None:
        print(f"{self.name}, {self.load.people} people, {self.load.seconds:.0f} s")
        for line in (*self.load.lines(), *self.memory.lines()):
            print(line)


def seated(host: str, sessions: list[str]) -> list[Reader]:
    return [Reader(host, session) for session in sessions]


def studio_seats(studio: Studio, people: int, *, drafts: bool) -> Callable[[], list[Reader]]:
    """Signing up takes a while, so that it is done once, before anybody works."""
    signed_in = [studio.reader(number, drafts=drafts) for number in range(people)]

    def seats() -> list[Reader]:
        for reader in signed_in:
            reader.times, reader.errors, reader.submitted, reader.is_idle = {}, [], [], False
        return list(signed_in)

    return seats


def warm_up(readers: list[Reader]) -> None:
    """What bench_labelling does before it counts, by a few people: open connections, fill caches."""
    for reader in readers[:WARMING]:
        reader.start(desk.SLUG)
    together(readers[:WARMING], WARM_SECONDS, a_turn)


def beside_label_studio(host: str, folder: Path, given: argparse.Namespace, pace: Pace) -> None:
    ours = Memory(server_group())
    sessions = [desk.session_of(desk.name_of(number)) for number in range(pace.people)]
    home = folder / "label-studio"
    with studio_server(given.label_studio, home, given.traces, processes=given.processes) as studio:
        seats = studio_seats(studio, pace.people, drafts=given.keys == "drafts")
        name = f"Label Studio {studio.version} ({given.keys} for keys)"
        places = [
            Place("here", partial(seated, host, sessions), ours, Load(pace.people)),
            Place(name, seats, Memory(studio.group), Load(pace.people)),
        ]
        for place in places:
            warm_up(place.seat())
        for _ in range(given.rounds):
            for place in places:
                place.work(desk.SLUG, pace)
        for place in places:
            place.report()
        for line in held_against(places[0].load, places[1].load, name):
            print(line)


def alone(folder: Path, given: argparse.Namespace, pace: Pace) -> None:
    from annotate.models import Project

    if not Project.objects.filter(slug=big_project.SLUG).exists():
        big_project.furnish(given.traces, given.people, say=print)
    sessions = [desk.session_of(big_project.name_of(number)) for number in range(given.people)]
    with desk.web_server(folder, processes=given.processes) as host:
        place = Place("here", partial(seated, host, sessions), Memory(server_group()), Load(given.people))
        for _ in range(given.rounds):
            place.work(big_project.SLUG, pace)
        place.report()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--think", type=float, default=4.0, help="mean seconds before each keystroke")
    parser.add_argument("--arrive", type=float, default=60.0, help="seconds over which people come in")
    parser.add_argument("--traces", type=int, default=10_000, help="in an empty database, so many are made")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--label-studio",
        type=Path,
        metavar="PROGRAM",
        help="the same load on an installed Label Studio on LABEL_STUDIO_URL, an empty PostgreSQL",
    )
    parser.add_argument(
        "--keys",
        choices=("drafts", "nothing"),
        default="drafts",
        help="what Label Studio gets for keystrokes",
    )
    given = parser.parse_args()
    if given.label_studio and "LABEL_STUDIO_URL" not in os.environ:
        parser.error("--label-studio needs LABEL_STUDIO_URL, the address of an empty PostgreSQL")
    pace = Pace(given.people, given.minutes * 60, given.think, given.arrive)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("GRADUS_HOME", name)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        if not given.label_studio:
            alone(folder, given, pace)
            return
        desk.furnish(folder, given.traces, people=given.people)
        with desk.web_server(folder, processes=given.processes) as host:
            beside_label_studio(host, folder, given, pace)


if __name__ == "__main__":
    main()
