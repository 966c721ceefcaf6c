"""Web, worker, broker and database are killed at random moments while people label and a run is under way.

Run with: .venv/bin/python -m tests.faults.bench_faults [--minutes 10] [--seed 1] [--json]
Everything is started by it, in a folder of its own. At the end it is counted:

labels lost           labels that somebody was told are saved, and that are not in the database as they were said
readings lost         readings that somebody was told are submitted, and are not
paid although stored  samples asked of the model more than 2 s after their completion was stored
held for ever         units or readings whose lease no claim could end
units given up        traces that the run failed at

All of these must be 0. "asked again" is the price of a kill: samples that were on their way when it came.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults.installation import LEASE_SECONDS, Installation, an_installation
from tests.faults.ledger import Ledger, a_server
from tests.faults.people import Reader

N_PEOPLE = 4
MUST_BE_NONE = ("labels lost", "readings lost", "paid although stored", "held for ever", "units given up")
# A completion is stored a moment before its transaction is.
_MARGIN = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=54400, help="of the database; the next ones follow")
    parser.add_argument("--pause", type=float, default=6.0, help="seconds between kills, about")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        a_server(answer_seconds=0.3) as ledger,
        an_installation(Path(folder), options.port) as site,
    ):
        os.environ.clear()
        os.environ.update(site.environment)
        counts = trial(site, ledger, options.minutes * 60, options.pause, random.Random(options.seed))
    if options.json:
        print(json.dumps(counts))
    else:
        print("\n".join(f"{n:>10,}  {name}" for name, n in counts.items()))
    return int(any(counts[name] for name in MUST_BE_NONE))


def trial(
    site: Installation, ledger: Ledger, seconds: float, pause: float, dice: random.Random
) -> dict[str, int]:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.db import connection

    from annotate.models import Run

    slug, tokens, run = furnish(ledger, n_problems=30 + round(seconds))
    connection.close()
    for name in ("web", "worker"):
        site.parts[name].start()
    site.parts["web"].wait()
    readers = [Reader(site.address, slug, token, number) for number, token in enumerate(tokens)]
    for reader in readers:
        reader.start()

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(dice.uniform(0.3, 1.7) * pause)
        part = site.parts[dice.choice(("web", "worker", "broker", "database"))]
        part.kill()
        time.sleep(dice.uniform(0, 2))
        part.start()
        part.wait()
    for part in site.parts.values():
        part.wait()
    for reader in readers:
        reader.stop()
    for reader in readers:
        reader.join(timeout=60)
        if reader.failure is not None:
            raise reader.failure
    deadline = time.monotonic() + 600
    while not Run.objects.get(pk=run).is_over and time.monotonic() < deadline:
        worker = site.parts["worker"]
        if worker.process is None or worker.process.poll() is not None:
            worker.start()
        time.sleep(1)
    kills = {f"kills of {name}": part.kills for name, part in site.parts.items()}
    return kills | counted(readers, ledger, run)


def furnish(ledger: Ledger, n_problems: int) -> tuple[str, list[str], int]:
    """A project with members, traces, a queue and an open run: its slug, the members' tokens, the run's key."""
    from django.db import connection
    from knox.models import AuthToken

    from annotate.assign.actions import fill_queue
    from annotate.enums import Role
    from annotate.models.guards import install_guards
    from annotate.prelabel.actions import open_run
    from tests.annotate.prelabel.worlds import traces_of
    from tests.factories import a_person, a_project
    from webapp.management.moving.second_database import make_tables

    make_tables(connection)
    install_guards(connection)
    names = [f"reader{number}" for number in range(N_PEOPLE)]
    project = a_project(slug="shaken", **dict.fromkeys(names, Role.ANNOTATOR))
    traces_of(project, n_problems, 2)
    fill_queue(project)
    # n samples of a request travel together.
    address = f"openai:{ledger.url}?model=m&selftest=no&parallel=4"
    run = open_run(project, strategy="rollout/scan", backend=address, settings={"k": 4, "sc_samples": 8})
    return project.slug, [AuthToken.objects.create(user=a_person(name))[1] for name in names], run.pk


def counted(readers: list[Reader], ledger: Ledger, run_id: int) -> dict[str, int]:
    from datetime import timedelta

    from django.utils import timezone

    from annotate.enums import AssignmentState, UnitState
    from annotate.models import Assignment, Completion, Label, Run, Unit

    told: dict[int, tuple[int, str]] = {}
    submitted: set[int] = set()
    for reader in readers:
        told |= reader.said.labels
        submitted |= reader.said.readings
    stored: dict[int, Any] = {
        pk: (assignment, value)
        for pk, assignment, value in Label.objects.filter(assignment__isnull=False).values_list(
            "pk", "assignment", "value"
        )
    }
    done = set(Assignment.objects.filter(state=AssignmentState.SUBMITTED).values_list("pk", flat=True))
    times = {text: at.timestamp() for text, at in Completion.objects.values_list("text", "created_at")}
    asked = list(zip(ledger.asked, ledger.times, strict=True))
    run = Run.objects.get(pk=run_id)
    project = run.project
    longest = timezone.now() + timedelta(minutes=project.lease_minutes, seconds=LEASE_SECONDS)
    held_too_long = Assignment.objects.filter(state=AssignmentState.HELD, held_until__gt=longest).count()
    held_too_long += Assignment.objects.filter(state=AssignmentState.HELD, held_until=None).count()
    return {
        "labels acknowledged": len(told),
        "labels lost": sum(stored.get(pk) != said for pk, said in told.items()),
        "readings acknowledged": len(submitted),
        "readings lost": len(submitted - done),
        "requests without an answer": sum(reader.said.unanswered for reader in readers),
        "completions": len(times),
        "samples asked for": len(asked),
        "paid although stored": sum(text in times and at > times[text] + _MARGIN for text, at in asked),
        "asked again": len(asked) - len(set(ledger.asked)),
        "units done": Unit.objects.filter(run=run, state=UnitState.DONE).count(),
        "units given up": Unit.objects.filter(run=run, state=UnitState.FAILED).count(),
        "held for ever": held_too_long
        + Unit.objects.filter(run=run, state__in=(UnitState.RUNNING, UnitState.PENDING)).count(),
    }


if __name__ == "__main__":
    sys.exit(main())
