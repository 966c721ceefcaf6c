from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from rich.table import Table

from annotate.export.select.benchmarks import N, benchmarks_in, make_benchmark, read_benchmark
from webapp.management.base import GradusCommand


class Command(GradusCommand):
    help = (
        "Make a list of word-sequence hashes from a benchmark's files, so that releases can be held against it; without"
        " arguments, say which lists there are. Nothing is downloaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="what the list is called, such as processbench")
        parser.add_argument(
            "files", nargs="*", type=Path, help="JSON, JSON lines or Parquet, or folders of such"
        )
        parser.add_argument(
            "--field", default="", help="where a row has its problem (default: the usual names)"
        )
        parser.add_argument("--n", type=int, default=N, help=f"words in a sequence (default: {N})")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.BENCHMARKS_DIR
        if options["name"] and options["files"]:
            found = make_benchmark(
                options["name"], options["files"], folder, field=options["field"], n=options["n"]
            )
            self.console.print(
                f"{found.name}: {found.problems:,} problems, {len(found.hashes):,} sequences of {found.n} words"
            )
            return
        names = [options["name"]] if options["name"] else benchmarks_in(folder)
        table = Table(title=str(folder), title_justify="left")
        for head in ("List", "Problems", "Sequences", "Words", "SHA-256"):
            table.add_column(head)
        for name in names:
            one = read_benchmark(name, folder)
            table.add_row(one.name, f"{one.problems:,}", f"{len(one.hashes):,}", str(one.n), one.sha256[:16])
        self.console.print(table)
