"""What it takes until the queue has heard a person: `DATABASE_URL=… python -m tests.benchmarks.bench_new_label`.

A made-up project in an empty database (SQLite in a temporary folder by default): traces of ten steps with a judge's
three critiques, rollouts of every prefix, a verifier and two readers, decided by the posterior, its queue in the order
of worth. Then people submit readings; each is followed by what a worker does about it: the labels of that trace are
read, believed by the stored fit, its worth is worked out, and its open slots move. Of the claim that follows only the
order matters, so it is not measured here (`bench_claims`).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

STEPS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=int, default=400)
    parser.add_argument("--readings", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(home) / 'label.sqlite3'}")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        measure(options.traces, options.readings)


def measure(n_traces: int, n_readings: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from annotate.assign.worth import some_unheard
    from annotate.consensus.actions import run_consensus
    from annotate.consensus.valuing import value_some, value_traces, valuing_run
    from tests.annotate.assign.queues import person, read_next

    project = a_made_project(n_traces)
    started = time.perf_counter()
    run = run_consensus(project, policy="posterior")
    print(
        f"{connection.vendor}: {n_traces} traces decided in {time.perf_counter() - started:.1f} s; of these ",
        end="",
    )
    started = time.perf_counter()
    value_traces(project, run)
    print(f"{time.perf_counter() - started:.1f} s for what each is worth")
    valuing = valuing_run(project)
    assert valuing is not None
    reader, moved = person(project, "bob"), 0
    took: list[float] = []
    cpu: list[float] = []
    for number in range(n_readings):
        at = number % STEPS
        read_next(project, reader, *("good",) * at, *(("bad",) if at else ()), seconds=4.0)
        (waiting,) = some_unheard(project, 2)
        before = position_of(waiting.trace)
        started, cpu_before = time.perf_counter(), time.process_time()
        value_some(valuing, [waiting])
        cpu.append(1000 * (time.process_time() - cpu_before))
        took.append(1000 * (time.perf_counter() - started))
        moved += position_of(waiting.trace) != before
    with CaptureQueriesContext(connection) as asked:
        read_next(project, reader, "good", "bad")
        n_before = len(asked)
        value_some(valuing, some_unheard(project, 2))
    ordered = sorted(took)
    print(
        f"  a reading is heard in {statistics.median(ordered):.1f} ms (95 %: {ordered[int(0.95 * len(ordered))]:.1f},"
        f" slowest {ordered[-1]:.1f}, n {len(ordered)}), {statistics.median(cpu):.1f} ms of this process's processor,"
        f" in {len(asked) - n_before} statements; {moved} traces changed their place"
    )


def position_of(trace: int) -> int:
    from annotate.models import Turn

    return Turn.objects.get(trace=trace).position


def a_made_project(n_traces: int) -> object:
    import numpy as np

    from annotate.assign.actions import fill_queue
    from annotate.enums import Outcome, RaterKind, Role
    from annotate.models import Label, Project
    from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

    rng = np.random.default_rng(1)
    project = a_project(slug="heard", overlap=3, bob=Role.ANNOTATOR, carol=Role.ANNOTATOR)
    Project.objects.filter(pk=project.pk).update(queue_rules={"policy": "value"})
    project.refresh_from_db()
    judge = a_rater(project, RaterKind.JUDGE, "judge/made")
    checker = a_rater(project, RaterKind.VERIFIER, "verifier/made")
    rollouts = a_rater(project, RaterKind.ROLLOUT, "rollout/made")
    verdict, recoverable = a_criterion(project), a_criterion(project, "recoverable")
    readers = [a_rater(project, name=f"reader {i}") for i in range(2)]
    rows = []
    for _ in range(n_traces):
        error = int(rng.integers(STEPS))
        trace = a_trace(project, n_steps=STEPS, outcome=Outcome.WRONG)
        steps = list(trace.steps.all())
        a_label(readers[0], steps[0], "good" if error else "bad")
        places = [int(np.clip(error + rng.integers(-1, 2), 0, STEPS - 1)) for _ in range(3)]
        votes = [{"sample": i, "first_error": place} for i, place in enumerate(places)]
        for step in steps[: places[0] + 1]:
            value = "bad" if step.position == places[0] else "good"
            rows.append(
                Label(rater=judge, criterion=verdict, step=step, value=value, evidence={"votes": votes})
            )
        for step in steps[:-1]:
            hits = int(rng.binomial(8, 0.8 if step.position < error else 0.1))
            value = "good" if hits else "bad"
            counts = {"hits": hits, "misses": 8 - hits}
            rows.append(Label(rater=rollouts, criterion=recoverable, step=step, value=value, evidence=counts))
        if rng.random() < 0.5:
            rows.append(Label(rater=checker, criterion=verdict, step=steps[error], value="bad"))
    Label.objects.bulk_create(rows, batch_size=500)
    fill_queue(project)
    return project


if __name__ == "__main__":
    main()
