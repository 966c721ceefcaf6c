"""How many completions per second the driver plans and the database stores, with a model that costs nothing.

Run with: .venv/bin/python -m tests.benchmarks.bench_driver [number of traces]
It makes a database of its own in a temporary folder and removes it.
"""

# Django has to be set up before anything of it is imported.
# ruff: noqa: E402

from __future__ import annotations

import os
import sys
import tempfile
import time

N_TRACES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
HOME = tempfile.TemporaryDirectory()
os.environ |= {"GRADUS_HOME": HOME.name, "DATABASE_URL": f"sqlite:///{HOME.name}/bench.sqlite3"}
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"

import django

django.setup()

from django.core.management import call_command

from annotate.models import Completion, Trace, Unit
from annotate.prelabel.actions import open_run
from tests.factories import a_project, a_trace
from tests.workers.players import HashBackend, early_stopping
from workers.driver import drive
from workers.store import RunStore


def main() -> None:
    call_command("migrate", verbosity=0)
    project = a_project()
    first = a_trace(project)
    Trace.objects.bulk_create(
        Trace(
            project=project,
            problem=first.problem,
            external_id=f"bench-{i}",
            n_steps=1,
            text_hash="0" * 64,
            content_hash=f"{i:064d}",
        )
        for i in range(N_TRACES - 1)
    )
    run = open_run(project, strategy="rollout/scan", backend="scripted:none")
    keys = list(Unit.objects.filter(run=run).values_list("pk", flat=True))
    for max_batch in (64, 256):
        Completion.objects.filter(run=run).delete()
        finished: list[int] = []
        began, worked = time.perf_counter(), time.process_time()
        report = drive(
            {key: early_stopping(f"trace {key}") for key in keys},
            HashBackend(),
            RunStore(run),
            on_finish=lambda key, finding, finished=finished: finished.append(key),
            on_fail=lambda key, reason: print(reason),
            max_batch=max_batch,
        )
        seconds, busy = time.perf_counter() - began, time.process_time() - worked
        print(
            f"{len(finished):,} strategies, batches of {max_batch}: {report.asked:,} completions planned, stored and "
            f"fed back in {seconds:.1f} s ({report.asked / seconds:,.0f} per second), of which {busy:.1f} s on the "
            f"processor ({report.asked / busy:,.0f} per second)"
        )


if __name__ == "__main__":
    main()
