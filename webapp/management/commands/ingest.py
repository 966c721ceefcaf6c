from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.ingest.actions import ingest_file
from annotate.ingest.founding import create_project
from annotate.ingest.presets import GALLERY, USUAL
from annotate.ingest.readers import READERS
from annotate.ingest.report import IngestReport
from annotate.models import Person, Project
from webapp.management.base import GradusCommand

SHOWN_ERRORS = 20


class Command(GradusCommand):
    help = "Bring traces, or labels made elsewhere, from a file into a project. Twice the same file is once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("file", type=Path, help="the file, plain or gzip")
        parser.add_argument("--format", required=True, choices=sorted(READERS), help="see docs/formats.md")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
        parser.add_argument("--strict", action="store_true", help="one rejected row, and nothing is written")
        parser.add_argument("--create", action="store_true", help="make the project if there is none")
        parser.add_argument("--owner", metavar="USER", help="who owns a project made by --create")
        parser.add_argument(
            "--rubric", choices=tuple(GALLERY), default=USUAL, help="what a project made by --create asks"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        project = self._project(options["project"], options)
        with self.progress() as progress:
            task = progress.add_task(f"Reading {options['file'].name}", total=None, note="bytes")
            report = ingest_file(
                project,
                options["file"],
                format=options["format"],
                is_dry_run=options["dry_run"],
                is_strict=options["strict"],
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        self._print(report)
        n_taken = report.created + report.updated + report.unchanged
        if report.rejected and (options["strict"] or not n_taken):
            raise CommandError(f"Nothing was written: {report.rejected:,} of the rows cannot be taken.")

    def _project(self, slug: str, options: dict[str, Any]) -> Project:
        if not options["create"] or Project.objects.filter(slug=slug).exists():
            return self.project(slug)
        if options["dry_run"]:
            raise CommandError(f"There is no project named {slug} yet, and a dry run makes none.")
        if not options["owner"]:
            raise CommandError("A new project needs an owner: add --owner USER.")
        owner = Person.objects.filter(username=options["owner"]).first()
        if owner is None:
            raise CommandError(
                f"There is nobody named {options['owner']}. Make the account with createsuperuser."
            )
        return create_project(owner, name=slug, slug=slug, preset=options["rubric"])

    def _print(self, report: IngestReport) -> None:
        self.console.print("Done." if report.is_written else "Nothing was written. It would have been:")
        table = Table("rows", box=SIMPLE, pad_edge=False)
        table.add_column("count", justify="right")
        for name in ("created", "updated", "unchanged", "rejected"):
            table.add_row(name, f"{getattr(report, name):,}")
        table.add_section()
        table.add_row("labels written", f"{report.labels:,}")
        self.console.print(table)
        for row in report.errors[:SHOWN_ERRORS]:
            place = f"line {row.line}" + (f", {row.field}" if row.field else "")
            self.console.print(f"{place}: {row.reason}", markup=False, soft_wrap=True)
        if report.rejected > SHOWN_ERRORS:
            self.console.print(f"and {report.rejected - SHOWN_ERRORS:,} more")
