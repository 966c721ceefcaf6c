"""Memory of traces with images on their way in, out and in again: ``python -m tests.benchmarks.bench_pictures [N …]``.

Runs on the configured database (``DATABASE_URL``; SQLite in a temporary folder by default): N traces of two steps (100
and 300 by default), each with a picture of noise of about a mebibyte. Every way is a process of its own, whose peak is
told.
"""

from __future__ import annotations

import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from tests.pictures import a_data_uri

SIDE = 600
TABLES = {"jsonl": "data/train.jsonl", "parquet": "data/steps.parquet"}


def noise(seed: int) -> bytes:
    """A PNG that nothing makes smaller."""
    luck = random.Random(seed)
    rows = b"".join(b"\x00" + luck.randbytes(3 * SIDE) for _ in range(SIDE))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def make(n: int, file: Path) -> None:
    with file.open("w") as rows:
        for number in range(n):
            steps = [{"text": "I look.", "images": [{"data": a_data_uri(noise(number))}]}, "So."]
            said = [{"step": 0, "rater": "ann", "value": "good"}]
            problem = {"text": f"What is {number}?"}
            rows.write(json.dumps({"id": f"t{number}", "problem": problem, "steps": steps, "labels": said}))
            rows.write("\n")


def bring_in(slug: str, file: Path) -> str:
    from annotate.consensus.actions import run_consensus
    from annotate.ingest.actions import ingest_file
    from annotate.ingest.founding import create_project
    from annotate.models import Person

    owner, _ = Person.objects.get_or_create(username="bench")
    project = create_project(owner, name=slug, slug=slug)
    report = ingest_file(project, file)
    assert not report.rejected
    run_consensus(project, policy="majority")
    return f"{report.created:,} traces in from {file.name}"


def take_out(format: str, out: Path) -> str:
    from annotate.export.actions import export_run
    from annotate.models import Run

    counts = export_run(Run.objects.get(project__slug="first"), out, format=format)["counts"]
    assert not counts["images_left_out"]
    return f"{counts['images_written']:,} images out as {format}"


def main() -> None:
    if len(sys.argv) > 2 and not sys.argv[1].isdigit():
        import django

        django.setup()
        what, name, path = sys.argv[1:]
        processor = time.process_time()
        told = bring_in(name, Path(path)) if what == "in" else take_out(name, Path(path))
        processor = time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{told}: {processor:.1f} processor seconds, {peak:,.0f} MB at the peak", flush=True)
        return
    for n in map(int, sys.argv[1:] or ("100", "300")):
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            environment = {"GRADUS_HOME": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings", **os.environ}
            command = [sys.executable, "-m", "tests.benchmarks.bench_pictures"]
            subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=environment, check=True)
            make(n, here / "in.jsonl")
            ways = [("in", "first", here / "in.jsonl")]
            ways += [("out", format, here / format) for format in TABLES]
            ways += [("in", f"from-{format}", here / format / table) for format, table in TABLES.items()]
            for what, name, path in ways:
                subprocess.run([*command, what, name, str(path)], env=environment, check=True)


if __name__ == "__main__":
    main()
