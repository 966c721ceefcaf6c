"""Traces per second from JSON lines into an empty database: ``python -m tests.benchmarks.bench_ingest [N] [FORMAT]``.

FORMAT is ``jsonl``, ``openai_messages`` (as many messages as steps), ``math_shepherd`` (a label on every step) or
``by_hand``: the rows of ``jsonl`` put into the same tables by twenty lines that check nothing, as a floor.

Runs on the configured database (``DATABASE_URL``; SQLite in a temporary folder by default) in a project of its own,
which it removes again. On PostgreSQL's own machine the seconds its server worked are told as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


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


def main() -> None:
    n_traces = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    format = sys.argv[2] if len(sys.argv) > 2 else "jsonl"
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
        for word in ("new",) if format == "by_hand" else ("new", "unchanged"):
            wall, processor, server = time.perf_counter(), time.process_time(), server_seconds()
            if format == "by_hand":
                load_by_hand(project.pk, path)
            else:
                report = ingest_file(project, path, format=format)
                assert report.created + report.unchanged == n_traces, report
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            server = server_seconds() - server
            print(
                f"{connection.vendor}, {format}: {n_traces} {word} traces of 8 steps in {wall:.1f} s "
                f"({n_traces / wall:,.0f} per second; {n_traces / processor:,.0f} per processor second of ours"
                + (f"; {n_traces / server:,.0f} of the server's)" if server else ")")
            )
        remove_project(project)


def server_seconds() -> float:
    """Processor seconds of PostgreSQL's process for this connection; 0 where it runs elsewhere, or within ours."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_by_hand(project: int, path: Path) -> None:
    from django.db import connection, transaction
    from django.utils import timezone

    from annotate.ingest.rows import instant

    problems, traces, steps = [], [], []
    now = instant(timezone.now())
    for key, line in enumerate(path.open(), start=1):
        row = json.loads(line)
        asked, texts = row["problem"], row["steps"]
        one, other = (hashlib.sha256(text.encode()).hexdigest() for text in (asked["text"], "".join(texts)))
        problems.append((key, project, f"p{key}", asked["text"], asked["reference_answer"], None, one, "{}"))
        traces.append((key, project, row["id"], key, "", None, len(texts), other, other, 1, "{}", now))
        steps += [(key, place, text, 1, "thought", "{}") for place, text in enumerate(texts)]
    tables = {
        "problem (id, project_id, external_id, text, reference_answer, reference_solution, content_hash,"
        " meta)": problems,
        "trace (id, project_id, external_id, problem_id, source_model, outcome, n_steps, text_hash, content_hash,"
        " boundary_version, meta, created_at)": traces,
        "step (trace_id, position, text, tail, kind, meta)": steps,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for into, rows in tables.items():
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY annotate_{into} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                places = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO annotate_{into} VALUES ({places})", rows)


if __name__ == "__main__":
    main()
