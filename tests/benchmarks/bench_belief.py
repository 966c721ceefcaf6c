"""One new label and what is believed of its trace, with the database: `python -m tests.benchmarks.bench_belief`.

A project of so many traces, each with rollouts, two judges, a verifier and now and then a person, gets a consensus by
`posterior`; then a person's reading is stored, trace after trace, and the trace is believed anew by the stored fit.
The reading itself is not counted. Budget: 20 ms each.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

from tests.benchmarks.bench_ruler import a_database, timed

STEPS = 8
TIMES = 200


def furnish(n_traces: int):  # type: ignore[no-untyped-def]  # models cannot be imported before Django is set up
    import numpy as np

    from annotate.enums import Outcome, RaterKind
    from annotate.ingest.founding import freeze_rubric
    from annotate.models import Label
    from tests.factories import a_criterion, a_project, a_rater, a_trace

    rng = np.random.default_rng(1)
    project = a_project(slug="long")
    verdict, recoverable = (a_criterion(project, key) for key in ("verdict", "recoverable"))
    assert project.rubric is not None
    freeze_rubric(project.rubric)
    judges = [a_rater(project, RaterKind.JUDGE, f"judge/{i}") for i in range(2)]
    rollout = a_rater(project, RaterKind.ROLLOUT, "rollout/fixed")
    tool = a_rater(project, RaterKind.VERIFIER, "verifier/arithmetic")
    person = a_rater(project, RaterKind.PERSON, "ann")
    traces, labels = [], []
    for number in range(n_traces):
        error = int(rng.integers(-1, STEPS)) if rng.random() < 0.6 else -1
        trace = a_trace(project, n_steps=STEPS, outcome=Outcome.RIGHT if error < 0 else Outcome.WRONG)
        traces.append(trace)
        readers = [*judges, *([person] if number % 20 == 0 else [])]
        said = {one.pk: error if rng.random() < 0.8 else int(rng.integers(-1, STEPS)) for one in readers}
        for place, step in enumerate(trace.steps.all()):
            for reader, at in said.items():
                if at < 0 or place <= at:
                    labels.append(
                        Label(
                            rater_id=reader,
                            criterion=verdict,
                            step=step,
                            value="bad" if place == at else "good",
                        )
                    )
            if rng.random() < 0.3:
                labels.append(
                    Label(rater=tool, criterion=verdict, step=step, value="bad" if place == error else "good")
                )
            if place < STEPS - 1:
                hits = int(rng.binomial(8, 0.03 if 0 <= error <= place else 0.85))
                counts = {"hits": hits, "misses": 8 - hits, "self_confidence": 0.75, "self_confidence_n": 8}
                value = "good" if hits else "bad"
                labels.append(
                    Label(rater=rollout, criterion=recoverable, step=step, value=value, evidence=counts)
                )
    Label.objects.bulk_create(labels, batch_size=2000)
    return project, traces, a_rater(project, RaterKind.PERSON, "new")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=int, default=2000)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, a_database(options.database, folder) as address:
        os.environ |= {"GRADUS_HOME": folder, "DATABASE_URL": address}
        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django

        django.setup()
        measure(options.traces)


def measure(n_traces: int) -> None:
    import numpy as np
    from django.core.management import call_command
    from django.db import connection

    from annotate.consensus.actions import run_consensus
    from annotate.consensus.belief import belief_of, corpus_of
    from tests.factories import a_label

    call_command("migrate", verbosity=0)
    project, traces, person = furnish(n_traces)
    with timed(f"{n_traces:,} traces decided and written"):
        run = run_consensus(project, policy="posterior")
    with timed("all traces believed at once"):
        corpus_of(run)
    belief_of(run, traces[0])
    taken, told, worked = [], [], []
    for trace in traces[1 : TIMES + 1]:
        for place, step in enumerate(trace.steps.all()):
            a_label(person, step, "bad" if place == STEPS - 1 else "good")
        began, cpu = time.perf_counter(), time.process_time()
        belief = belief_of(run, trace)
        assert belief is not None
        belief.risk.sum()
        taken.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - cpu))
        belief.signals()
        told.append(1000 * (time.perf_counter() - began))
    print(
        f"one trace believed anew after a label, {connection.vendor}: {np.median(worked):.1f} ms of CPU, "
        f"{np.median(taken):.1f} ms by the clock (95 of 100 within {np.quantile(taken, 0.95):.1f}, at most "
        f"{max(taken):.1f}); with its ledger {np.median(told):.1f} ms"
    )


if __name__ == "__main__":
    main()
