"""Steps per second from a decided project to the files of a release: ``python -m tests.benchmarks.bench_export [N]``.

Runs on the configured database (``DATABASE_URL``; SQLite in a temporary folder by default): N labelled traces of eight
steps (10,000 by default), each step with two labels and a decision. Peak memory is that of the process, read after
each format; the rows are made in a process of their own.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

N_STEPS = 8
FORMATS = ("parquet", "trl_stepwise", "prm800k", "jsonl")


def make(n_traces: int) -> None:
    from annotate.enums import Action, RaterKind, RunKind, RunState
    from annotate.ingest.founding import create_project
    from annotate.label.actions import freeze_rubric
    from annotate.models import Consensus, Label, Person, Problem, Rater, Run, Step, Trace

    owner, _ = Person.objects.get_or_create(username="bench")
    project = create_project(owner, name="Bench", slug="bench")
    freeze_rubric(project.rubric)
    criterion = project.rubric.criteria.get(key="verdict")
    raters = [
        Rater.objects.create(project=project, kind=RaterKind.PERSON, name=f"person {n}") for n in range(2)
    ]
    run = Run.objects.create(
        project=project, kind=RunKind.CONSENSUS, name="majority", criterion=criterion, state=RunState.DONE
    )
    for start in range(0, n_traces, 1000):
        numbers = range(start, min(start + 1000, n_traces))
        problems = Problem.objects.bulk_create(
            Problem(
                project=project,
                external_id=f"p{n}",
                text=f"What is {n} plus something? " * 4,
                content_hash=f"{n:064d}",
            )
            for n in numbers
        )
        traces = Trace.objects.bulk_create(
            Trace(
                project=project,
                problem=problem,
                external_id=f"t{n}",
                n_steps=N_STEPS,
                text_hash=hashlib.sha256(str(n).encode()).hexdigest(),
                content_hash=f"{n:064d}",
            )
            for n, problem in zip(numbers, problems, strict=True)
        )
        steps = Step.objects.bulk_create(
            Step(
                trace=trace,
                position=i,
                text=f"Step {i + 1}: {trace.external_id} and {i} more. " * 3 + "\n",
                tail=1,
            )
            for trace in traces
            for i in range(N_STEPS)
        )
        labels = Label.objects.bulk_create(
            Label(rater=rater, criterion=criterion, step=step, value="good")
            for step in steps
            for rater in raters
        )
        Consensus.objects.bulk_create(
            Consensus(
                run=run,
                step=step,
                action=Action.KEEP,
                value="good" if step.position < 7 else "bad",
                reason="majority",
                spoke=[labels[2 * i].pk, labels[2 * i + 1].pk],
            )
            for i, step in enumerate(steps)
        )


def write(name: str, out: Path) -> None:
    # A worker loads it once, not for every release; the first array loads pandas, where that is installed.
    import pyarrow.parquet
    from django.db import connection

    from annotate.export.actions import export_run
    from annotate.models import Run

    pyarrow.array([0])
    run = Run.objects.get(project__slug="bench", name="majority")
    wall, processor = time.perf_counter(), time.process_time()
    manifest = export_run(run, out, format=name)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    n = manifest["funnel"][-1]["steps"] if manifest["funnel"] else manifest["counts"]["steps_written"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{connection.vendor} {name}: {n:,} steps in {wall:.1f} s ({n / wall:,.0f} per second;"
        f" {n / processor:,.0f} per processor second), {peak:,.0f} MB at the peak"
    )


def main() -> None:
    if len(sys.argv) > 2:
        import django

        django.setup()
        if sys.argv[1] == "make":
            make(int(sys.argv[2]))
        else:
            write(sys.argv[1], Path(sys.argv[2]))
        return
    n_traces = sys.argv[1] if len(sys.argv) > 1 else "10000"
    with tempfile.TemporaryDirectory() as folder:
        environment = {"GRADUS_HOME": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings", **os.environ}
        command = [sys.executable, "-m", "tests.benchmarks.bench_export"]
        migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(migrate, env=environment, check=True)
        subprocess.run([*command, "make", n_traces], env=environment, check=True)
        for name in FORMATS:
            subprocess.run([*command, name, str(Path(folder) / name)], env=environment, check=True)


if __name__ == "__main__":
    main()
