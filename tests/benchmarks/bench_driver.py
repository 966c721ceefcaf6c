"""What the driver costs: beside a real model, and with a model that costs nothing.

Run with: .venv/bin/python -m tests.benchmarks.bench_driver [--traces 10000] [--backend ADDRESS]
It makes a database of its own in a temporary folder and removes it.

Beside a model: a rollout scan over generated traces is worked off as a worker does it (claimed, driven, graded,
stored, labelled), and after each share of the traces the very same calls are put to the same model directly, as many
at once as it has an appetite for and none waiting for another. Both take turns, so that what else the machine does
falls on both. Without a model: many strategies in flight at once, their answers a hash; what is measured is planning,
storing and, from the stored answers alone, resuming. A whole shift: what a worker does to traces of six steps with the
scripted backend, from claiming them to the labels.
"""

# Django has to be set up before anything of it is imported.
# ruff: noqa: E402

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOME = tempfile.TemporaryDirectory()
os.environ |= {"GRADUS_HOME": HOME.name, "DATABASE_URL": f"sqlite:///{HOME.name}/bench.sqlite3"}
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"

import django

django.setup()
logging.disable(logging.INFO)

from django.core.management import call_command

from annotate.ingest.actions import ingest_file
from annotate.models import Completion, Label, Project, Run, Trace, Unit
from annotate.prelabel.actions import open_run
from annotate.prelabel.contracts import Backend, Request
from annotate.prelabel.contracts import Completion as Answered
from fixtures.tinylm.demo_traces import trace_record
from tests.benchmarks.signals.own_model import generated_traces
from tests.factories import a_project, a_trace
from tests.paths import REPOSITORY
from tests.workers.players import HashBackend, early_stopping
from workers import shift
from workers.backends.registry import open_backend
from workers.driver import Drive, drive
from workers.engines import engine_at
from workers.shift import work_shift
from workers.store import RunStore

POLICY = REPOSITORY / "fixtures" / "models" / "policy"
SEED = 41

_Batch = Sequence[tuple[Request, Sequence[int]]]


class Recording:
    """A backend that remembers what it was asked."""

    def __init__(self, backend: Backend) -> None:
        self.name, self.appetite = backend.name, backend.appetite
        self.batches: list[_Batch] = []
        self._backend = backend

    def answer(self, requests: _Batch) -> list[list[Answered]]:
        self.batches.append(requests)
        return self._backend.answer(requests)

    def put_directly(self) -> None:
        """The same calls again, past the driver."""
        with ThreadPoolExecutor(self.appetite.calls) as pool:
            list(pool.map(self._backend.answer, self.batches))

    def close(self) -> None: ...


class Clock:
    """Seconds on the wall and on the processor."""

    def __init__(self) -> None:
        self.wall = self.busy = 0.0

    def __enter__(self) -> None:
        self._wall, self._busy = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._wall
        self.busy += time.process_time() - self._busy


def beside_a_model(project: Project, address: str, rounds: int, each: int) -> None:
    model = open_backend(address)
    traces = Path(HOME.name) / "traces.jsonl"
    made = enumerate(generated_traces((rounds + 1) * each, SEED))
    lines = (json.dumps(trace_record(f"t{i}", f"p{i}", trace)) + "\n" for i, trace in made)
    traces.write_text("".join(lines), encoding="utf-8")
    ingest_file(project, traces, format="jsonl")
    keys = list(project.traces.order_by("pk").values_list("pk", flat=True))
    direct, driven, n = Clock(), Clock(), 0
    ratios: list[float] = []
    # The first share warms model, grader and database up and is not counted.
    for turn in range(rounds + 1):
        share = keys[turn * each : (turn + 1) * each]
        run = open_run(
            project,
            strategy="rollout/scan",
            backend=address,
            settings={"max_tokens": 128},
            traces=project.traces.filter(pk__in=share),
        )
        recording = Recording(model)
        shift.engine_at = lambda address, recording=recording: recording  # type: ignore[misc, assignment]
        driver, raw = Clock(), Clock()
        with driver:
            work_shift(run.pk)
        with raw:
            recording.put_directly()
        if turn:
            n += Completion.objects.filter(run=run).count()
            ratios.append(raw.wall / driver.wall)
            for clock, one in ((driven, driver), (direct, raw)):
                clock.wall, clock.busy = clock.wall + one.wall, clock.busy + one.busy
    print(
        f"beside {model.name}, {n:,} completions: {n / driven.wall:.1f} per second stored through the driver, "
        f"{n / direct.wall:.1f} asked directly: {direct.wall / driven.wall:.3f} of it "
        f"(rounds {min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.3f})"
    )
    model.close()


def many_traces(project: Project, n_traces: int) -> Run:
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
        for i in range(n_traces - 1)
    )
    return open_run(project, strategy="rollout/scan", backend="scripted:none")


def without_a_model(run: Run, max_batch: int) -> None:
    keys = list(Unit.objects.filter(run=run).values_list("pk", flat=True))
    Completion.objects.filter(run=run).delete()

    def driven(name: str) -> Drive:
        finished: list[int] = []
        clock = Clock()
        with clock:
            report = drive(
                {key: early_stopping(f"trace {key}") for key in keys},
                HashBackend(),
                RunStore(run),
                on_finish=lambda key, finding: finished.append(key),
                on_fail=lambda key, reason: print(reason),
                max_batch=max_batch,
            )
        n = report.asked + report.replayed
        print(
            f"{len(finished):,} strategies in flight, batches of {max_batch}: {n:,} completions {name} in "
            f"{clock.wall:.1f} s ({n / clock.wall:,.0f} per second), of which {clock.busy:.1f} s on the processor "
            f"({n / clock.busy:,.0f} per second)"
        )
        return report

    asked = driven("planned, stored and fed back").asked
    resumed = driven("resumed from the store")
    assert (resumed.asked, resumed.replayed) == (0, asked)


def whole_shift(project: Project, n_traces: int) -> None:
    script, traces = Path(HOME.name) / "script.json", Path(HOME.name) / "whole.jsonl"
    said = {"success": 0.5, "reply": "so\n\nAnswer: {answer}", "default_answer": "5"}
    script.write_text(json.dumps(said), encoding="utf-8")
    steps = [{"text": f"step {i}\n"} for i in range(5)] + [{"text": "Answer: 4"}]
    with traces.open("w", encoding="utf-8") as file:
        for i in range(n_traces):
            problem = {"id": f"w{i}", "text": f"problem {i}", "reference_answer": "5"}
            file.write(json.dumps({"id": f"w{i}", "problem": problem, "steps": steps}) + "\n")
    ingest_file(project, traces, format="jsonl")
    run = open_run(project, strategy="rollout/scan", backend=f"scripted:{script}", settings={"sc_samples": 0})
    shift.engine_at = engine_at
    clock = Clock()
    with clock:
        done = work_shift(run.pk).finished
    n = Completion.objects.filter(run=run).count()
    labels = Label.objects.filter(run=run).count()
    print(
        f"a whole shift with the scripted backend: {done:,} traces, {n:,} completions and {labels:,} labels in "
        f"{clock.wall:.1f} s ({n / clock.wall:,.0f} completions and {done / clock.wall:,.0f} traces per second)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--traces", type=int, default=10_000, help="strategies in flight (0: leave that half out)"
    )
    parser.add_argument("--backend", default=f"transformers:{POLICY}", help="the model's address")
    parser.add_argument("--rounds", type=int, default=5, help="of the half beside a model")
    parser.add_argument(
        "--each", type=int, default=12, help="traces a round; a server needs many to be kept busy"
    )
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    beside_a_model(a_project(), options.backend, options.rounds, options.each)
    if options.traces:
        run = many_traces(a_project(), options.traces)
        for max_batch in (64, 256):
            without_a_model(run, max_batch)
        whole_shift(a_project(), options.traces // 5)


if __name__ == "__main__":
    main()
