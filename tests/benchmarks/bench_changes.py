"""What a change of very many traces costs, and how long others wait for the database meanwhile.

Run with: .venv/bin/python -m tests.benchmarks.bench_changes [traces]

A queue of so many traces with two slots each. Every change that managers can make to all of them is asked for and then
worked through in pieces by one thread, as a worker does, while another asks for a trace and puts it back.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.bench_claims import TRACES, a_database, a_long_queue, told
from tests.paths import REPOSITORY
from tests.services import POSTGRES

CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("a priority", {"do": "priority", "priority": 5}),
    ("one reading more", {"do": "add_slots", "slots": 1}),
    ("withdrawn", {"do": "use", "use": "withdrawn"}),
    ("back in the queue", {"do": "use", "use": "work"}),
)


def one_place() -> None:
    import django

    logging.disable(logging.CRITICAL)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    project, _ = a_long_queue()
    for name, what in CHANGES:
        print(f"  {name}: {measured(project, what)}", flush=True)


def measured(project: Any, what: dict[str, Any]) -> str:
    from annotate.assign.actions import claim_next, rater_of, release_assignment
    from annotate.assign.fillings import work_filling
    from annotate.assign.manage.changes import change_traces
    from annotate.assign.manage.contracts import Change, TraceFilter
    from annotate.models import Trace
    from tests.factories import a_person

    count = Trace.objects.filter(project=project).count()
    started = time.perf_counter()
    change_traces(project, TraceFilter(), Change(**what), count=count)
    asked = time.perf_counter() - started
    spent: list[float] = []

    def work() -> None:
        from django.db import connection

        begun = time.perf_counter()
        try:
            work_filling(project, breath=0.02)
        finally:
            spent.append(time.perf_counter() - begun)
            connection.close()

    reader = rater_of(project, a_person("newcomer"))
    worker = threading.Thread(target=work)
    waits = []
    worker.start()
    while worker.is_alive():
        begun = time.perf_counter()
        held = claim_next(project, reader)
        waits.append((time.perf_counter() - begun) * 1000)
        if held is not None:
            release_assignment(held, held.token)
        time.sleep(0.05)
    worker.join()
    return (
        f"asked for in {asked:.2f} s, done in {spent[0]:.1f} s; {len(waits)} claims meanwhile, {told(waits)}"
    )


def main() -> None:
    for kind, needs in (("sqlite", ()), ("postgres", (POSTGRES,))):
        print(kind, flush=True)
        if missing := [service.absence for service in needs if service.absence]:
            print(f"  left out, {'; '.join(missing)}")
            continue
        with tempfile.TemporaryDirectory() as folder, a_database(kind, Path(folder)) as url:
            facts = {"GRADUS_HOME": folder, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_changes", str(TRACES), "1", folder],
                cwd=REPOSITORY,
                env=os.environ | facts,
                check=True,
            )


if __name__ == "__main__":
    if len(sys.argv) > 3:
        one_place()
    else:
        main()
