"""Traces per second from JSON lines into an empty database.

``python -m tests.benchmarks.bench_ingest [N] [FORMAT] [--label-studio PROGRAM]``. FORMAT is ``jsonl``,
``openai_messages`` (as many messages as steps) or ``math_shepherd`` (a label on every step).

Runs on the configured database (``DATABASE_URL``; SQLite in a temporary folder by default) in a project of its own,
which it removes again. Label Studio (tests/benchmarks/rivals.py) is given the same traces by its API, a thousand at a
time, into its own SQLite, before and after.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

AT_ONCE = 1000


def write_traces(path: Path, n_traces: int, n_steps: int, format: str = "jsonl") -> None:
    with path.open("w") as file:
        for number in range(n_traces):
            steps = [f"Step {i + 1}: {number} + {i} = {number + i}.\n" for i in range(n_steps)]
            file.write(json.dumps(a_row(format, number, steps)) + "\n")


def a_row(format: str, number: int, steps: list[str]) -> dict[str, Any]:
    question = f"What is {number} plus something?"
    if format == "math_shepherd":
        text, label = (
            " ".join([question, *(f"{one.strip()} {mark}\n" for one in steps)]) for mark in ("ки", "+")
        )
        return {"input": text, "label": label, "task": "sums"}
    if format == "openai_messages":
        turns = [{"role": ("assistant", "user")[i % 2], "content": one} for i, one in enumerate(steps)]
        return {"id": f"t{number}", "messages": [{"role": "user", "content": question}, *turns]}
    problem = {"text": question, "reference_answer": str(number)}
    return {"id": f"t{number}", "problem": problem, "steps": steps}


def report_label_studio(program: Path, path: Path, n_traces: int) -> None:
    from tests.benchmarks.rivals import label_studio_project, take_in

    traces = [json.loads(line) for line in path.read_text().splitlines()]
    traces = [{"problem": one["problem"]["text"], "steps": one["steps"]} for one in traces]
    with (
        tempfile.TemporaryDirectory() as folder,
        label_studio_project(program.resolve(), Path(folder) / "home") as (_, client, project),
    ):
        # The first of it pays for imports.
        take_in(client, project, traces[:AT_ONCE])
        wall = time.perf_counter()
        for first in range(0, n_traces, AT_ONCE):
            take_in(client, project, traces[first : first + AT_ONCE])
        wall = time.perf_counter() - wall
    print(f"label studio: {n_traces} traces of 8 steps in {wall:.1f} s ({n_traces / wall:,.0f} per second)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_traces", type=int, nargs="?", default=20_000)
    parser.add_argument("format", nargs="?", default="jsonl")
    parser.add_argument("--label-studio", type=Path, help="the program of an installed Label Studio")
    given = parser.parse_args()
    n_traces, format = given.n_traces, given.format
    if given.label_studio and format != "jsonl":
        parser.error("Label Studio is given what jsonl holds.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("GRADUS_HOME", folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from annotate.ingest.actions import ingest_file
        from annotate.ingest.founding import create_project, remove_project
        from annotate.models import Person

        call_command("migrate", verbosity=0)
        owner, _ = Person.objects.get_or_create(username="bench")
        project = create_project(owner, name="Bench", slug=f"bench-{os.getpid()}")
        path = Path(folder) / "traces.jsonl"
        write_traces(path, n_traces, n_steps=8, format=format)
        if given.label_studio:
            report_label_studio(given.label_studio, path, n_traces)
        for word in ("new", "unchanged"):
            wall, processor = time.perf_counter(), time.process_time()
            report = ingest_file(project, path, format=format)
            assert report.created + report.unchanged == n_traces, report
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            print(
                f"{connection.vendor}, {format}: {n_traces} {word} traces of 8 steps in {wall:.1f} s "
                f"({n_traces / wall:,.0f} per second; {n_traces / processor:,.0f} per processor second)"
            )
        remove_project(project)
        if given.label_studio:
            report_label_studio(given.label_studio, path, n_traces)


if __name__ == "__main__":
    main()
