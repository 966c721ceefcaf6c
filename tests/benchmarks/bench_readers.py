"""Every public file of a known format into an empty project: ``python -m tests.benchmarks.bench_readers [DATA_DIR]``.

Prints what each set comes to: rows, traces, steps, labels, refused rows and why, and how fast it came in. Runs on the
configured database (``DATABASE_URL``; SQLite in a temporary folder by default), each set in a project of its own.
Public judges of agents speak of trajectories that are not published beside them: these are made here, with a message
wherever a judge speaks of one.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.paths import DATA_DIR

SETS = {
    "processbench": ("processbench/*.json.gz",),
    "prm800k": ("prm800k_samples/prm800k*.json*", "montecarlo_samples/samples_prm800k.jsonl"),
    "math_shepherd": ("montecarlo_samples/samples_math-shepherd.jsonl",),
    "prmbench": ("prmbench/prm800k_*.jsonl.gz",),
    "prmbench, several solutions": ("prmbench/prm_test_p12_multi_solutions.jsonl.gz",),
    "mr_ben": ("mr_ben/*.json.gz",),
    "bigbench_mistake": ("bigbench_mistake/*.jsonl.gz",),
}
JUDGES = "agentprocessbench_nogold/*/*.jsonl.gz"


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        for line in file:
            yield json.loads(line)


def trajectories(paths: list[Path], target: Path) -> None:
    wanted: dict[str, set[int]] = {}
    for path in paths:
        for row in lines_of(path):
            wanted.setdefault(row["record_id"], set()).update(map(int, row["step_labels"]))
    with target.open("w") as file:
        for name, numbers in wanted.items():
            source, query, sample = name.rsplit(":", 2)
            messages = [
                {"role": "assistant" if n in numbers else "user", "content": f"{name}, message {n}."}
                for n in range(max(numbers) + 1)
            ]
            about = {"data_source": source, "query_index": int(query), "sample_index": int(sample)}
            row = about | {"messages": messages, "step_labels": {}, "final_label": None}
            file.write(json.dumps(row) + "\n")


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA_DIR
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("GRADUS_HOME", folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from annotate.ingest.actions import ingest_file
        from annotate.ingest.founding import create_project, remove_project
        from annotate.ingest.options import ReadOptions
        from annotate.ingest.queries import corpus_counts
        from annotate.models import Candidate, Person

        call_command("migrate", verbosity=0)
        owner, _ = Person.objects.get_or_create(username="bench")
        print(f"on {connection.vendor}")

        def bring(name: str, paths: list[Path], preset: str, raters: dict[Path, str]) -> None:
            slug = f"bench-{os.getpid()}-{name.replace(', ', '-').replace(' ', '-')}"
            project = create_project(owner, name=slug, slug=slug, preset=preset)
            if raters:
                made = Path(folder) / "trajectories.jsonl"
                trajectories(paths, made)
                ingest_file(project, made)
            total: Counter[str] = Counter()
            reasons: Counter[tuple[str | None, str]] = Counter()
            wall, processor = time.perf_counter(), time.process_time()
            for path in paths:
                options = ReadOptions(rater=raters[path]) if raters else ReadOptions()
                report = ingest_file(project, path, options=options)
                total.update(created=report.created, unchanged=report.unchanged, updated=report.updated)
                total.update(rejected=report.rejected, labels=report.labels)
                reasons.update(
                    (row.field and re.sub(r"\d+", "N", row.field), re.sub(r"\d+", "N", row.reason)[:40])
                    for row in report.errors
                )
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            corpus = corpus_counts(project)
            n_rows = total["created"] + total["unchanged"] + total["updated"] + total["rejected"]
            print(
                f"{name}: {n_rows:,} rows, {corpus.traces:,} traces of {corpus.problems:,} problems, {corpus.steps:,}"
                f" steps, {total['labels']:,} labels,"
                f" {Candidate.objects.filter(step__trace__project=project).count():,} candidates; {dict(total)};"
                f" {wall:.1f} s, {n_rows / processor:,.0f} rows and {total['labels'] / processor:,.0f} labels per"
                " processor second"
            )
            for (field, reason), n in reasons.most_common(6):
                print(f"    {n} x {field}: {reason}")
            again: Counter[str] = Counter()
            for path in paths:
                report = ingest_file(
                    project, path, options=ReadOptions(rater=raters[path]) if raters else ReadOptions()
                )
                again.update(created=report.created, updated=report.updated, labels=report.labels)
            print(f"    again: {dict(again)}")
            remove_project(project)

        for name, patterns in SETS.items():
            paths = [path for pattern in patterns for path in sorted(data.glob(pattern))]
            bring(name, paths, "prm-verdicts", {})
        judges = sorted(data.glob(JUDGES))
        bring("agentprocessbench", judges, "agent-process", {path: path.parent.name for path in judges})


if __name__ == "__main__":
    main()
