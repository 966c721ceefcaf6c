"""What every trial works on, a project with people and a run, and what is counted of it at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults.installation import LEASE_SECONDS, Part
from tests.faults.ledger import Ledger
from tests.faults.people import Reader

# A completion is stored a moment before its transaction is.
_MARGIN = 2.0
# Whatever a trial counts under one of these names was to be 0.
MUST_BE_NONE = (
    "labels lost",
    "readings lost",
    "paid although stored",
    "paid twice",
    "labels doubled",
    "files doubled",
    "decisions doubled",
    "held for ever",
    "units given up",
    "units stolen",
    "readings stolen",
    "labels that differ",
    "pages that failed",
    "requests broken off",
    "half written",
)


@dataclass(frozen=True)
class Scene:
    """``tokens`` are those of the people who read, ``owner`` that of whoever may start runs."""

    slug: str
    tokens: tuple[str, ...]
    owner: str


def make_ready() -> None:
    """Tables and guards in an empty database."""
    from django.db import connection

    from annotate.models.guards import install_guards
    from annotate.models.references import install_references
    from webapp.management.moving.second_database import make_tables

    make_tables(connection)
    install_guards(connection)
    install_references(connection)


def a_scene(slug: str, *, n_problems: int, n_each: int = 2, n_people: int = 4) -> Scene:
    """A project with members, traces and a queue."""
    from django.db import connection
    from knox.models import AuthToken

    from annotate.assign.actions import fill_queue
    from annotate.enums import Role
    from tests.annotate.prelabel.worlds import traces_of
    from tests.factories import a_person, a_project

    names = [f"reader{number}" for number in range(n_people)]
    project = a_project(slug=slug, **dict.fromkeys(names, Role.ANNOTATOR))
    traces_of(project, n_problems, n_each)
    fill_queue(project)
    tokens = [AuthToken.objects.create(user=a_person(name))[1] for name in (*names, "alice")]
    connection.close()
    return Scene(slug, tuple(tokens[:-1]), tokens[-1])


def a_run(slug: str, ledger: Ledger, **options: Any) -> int:
    """An open run by the key of its row; n samples of a request travel together."""
    from annotate.models import Project
    from annotate.prelabel.actions import open_run

    project = Project.objects.get(slug=slug)
    return open_run(
        project, strategy="rollout/scan", backend=address_of(ledger), settings=SETTINGS, **options
    ).pk


SETTINGS: dict[str, Any] = {"k": 4, "sc_samples": 8}


def address_of(ledger: Ledger) -> str:
    return f"openai:{ledger.url}?model=m&selftest=no&parallel=4"


def is_over(run: int) -> bool:
    from annotate.models import Run

    return Run.objects.get(pk=run).is_over


def until(is_so: Callable[[], bool], seconds: float, *parts: Part) -> bool:
    """Wait for it, starting parts that have died again; whether it came."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        for part in parts:
            if part.process is None or part.process.poll() is not None:
                part.start()
        time.sleep(0.2)
    return True


@contextmanager
def people_at_work(scene: Scene, *addresses: str) -> Iterator[list[Reader]]:
    """Members read for as long as the block lasts; what went wrong with them is raised at its end."""
    readers = [
        Reader(addresses[number % len(addresses)], scene.slug, token, number)
        for number, token in enumerate(scene.tokens)
    ]
    for reader in readers:
        reader.start()
    try:
        yield readers
    finally:
        for reader in readers:
            reader.stop()
        for reader in readers:
            reader.join(timeout=120)
    for reader in readers:
        if reader.failure is not None:
            raise reader.failure


def counted_people(readers: Sequence[Reader]) -> dict[str, int]:
    """What was acknowledged, and what of it is not there."""
    from datetime import timedelta

    from annotate import clock
    from annotate.enums import AssignmentState
    from annotate.models import Assignment, Label, Project

    told: dict[int, tuple[int, str]] = {}
    submitted: set[int] = set()
    for reader in readers:
        told |= reader.said.labels
        submitted |= reader.said.readings
    facts = ("pk", "assignment", "value")
    stored: dict[int, Any] = {
        pk: (assignment, value)
        for pk, assignment, value in Label.objects.filter(assignment__isnull=False).values_list(*facts)
    }
    done = set(Assignment.objects.filter(state=AssignmentState.SUBMITTED).values_list("pk", flat=True))
    longest = clock.now() + timedelta(
        minutes=max(Project.objects.values_list("lease_minutes", flat=True)), seconds=LEASE_SECONDS
    )
    held = Assignment.objects.filter(state=AssignmentState.HELD)
    return {
        "labels acknowledged": len(told),
        "labels lost": sum(stored.get(pk) != said for pk, said in told.items()),
        "readings acknowledged": len(submitted),
        "readings lost": len(submitted - done),
        "requests without an answer": sum(reader.said.unanswered for reader in readers),
        "held for ever": held.filter(held_until__gt=longest).count() + held.filter(held_until=None).count(),
    }


def counted_run(run_id: int, ledger: Ledger) -> dict[str, int]:
    """What a run has come to, and what was asked for it."""
    from annotate.enums import UnitState
    from annotate.models import Completion, Unit

    stored = Completion.objects.filter(run=run_id)
    times = {text: at.timestamp() for text, at in stored.values_list("text", "created_at")}
    asked = list(zip(ledger.asked, ledger.times, strict=True))
    units = Unit.objects.filter(run=run_id)
    return {
        "completions": len(times),
        "samples asked for": len(asked),
        "paid although stored": sum(text in times and at > times[text] + _MARGIN for text, at in asked),
        "asked again": len(asked) - len(set(ledger.asked)),
        "units done": units.filter(state=UnitState.DONE).count(),
        "units given up": units.filter(state=UnitState.FAILED).count(),
        "held for ever": units.filter(state__in=(UnitState.RUNNING, UnitState.PENDING)).count(),
    }


def doubled_labels(run_id: int) -> int:
    """Places at which a run's rater has more than one live label."""
    from django.db.models import Count

    from annotate.models import Label

    places = Label.objects.live().filter(run=run_id).values("rater", "step", "criterion")
    return places.annotate(n=Count("pk")).filter(n__gt=1).count()


def added(*counts: dict[str, int]) -> dict[str, int]:
    """What is counted under one name in several, together."""
    names = dict.fromkeys(name for one in counts for name in one)
    return {name: sum(one.get(name, 0) for one in counts) for name in names}
