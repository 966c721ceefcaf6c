from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from rich.table import Table

from annotate.consensus.queries import latest_consensus
from annotate.export.actions import export_project, export_release, export_run
from annotate.export.registry import FORMATS
from annotate.models import Project, Release, Run
from webapp.management.base import GradusCommand
from webapp.management.pairs import settings_from


class Command(GradusCommand):
    help = (
        "Write the kept steps of a project, or what people prefer, as a data set with its card and manifest."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("out", type=Path, help="a new or empty folder")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--policy", help="the newest consensus by this policy (default: by any)")
        what.add_argument("--run", type=int, metavar="N", help="this consensus run")
        what.add_argument("--release", type=int, metavar="N", help="a published release, byte for byte")
        parser.add_argument("--format", choices=sorted(FORMATS), help="needed unless --release is given")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="pairs",
            help="a setting, again and again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = self._export(self.project(options["project"]), options)
        table = Table(title=str(options["out"]), title_justify="left")
        table.add_column("File")
        table.add_column("Bytes", justify="right")
        table.add_column("SHA-256")
        for file in manifest["files"]:
            table.add_row(file["path"], f"{file['bytes']:,}", file["sha256"][:16])
        self.console.print(table)
        for name, count in manifest["counts"].items():
            self.console.print(f"{name.replace('_', ' ')}: {count:,}")

    def _export(self, project: Project, options: dict[str, Any]) -> dict[str, Any]:
        if options["release"] is not None:
            if options["format"] or options["pairs"]:
                raise CommandError("A release is copied as it is: leave out --format and --set.")
            release = _release(project, options["release"])
            return export_release(release, options["out"], folder=settings.RELEASES_DIR)
        if not options["format"]:
            raise CommandError(f"Say which --format: {', '.join(FORMATS)}.")
        chosen = settings_from(options["pairs"], FORMATS[options["format"]].settings)
        if FORMATS[options["format"]].reads != "consensus":
            if options["run"] is not None or options["policy"]:
                raise CommandError(
                    f"{options['format']} is made from labels, not from a consensus: leave out --run and --policy."
                )
            return export_project(
                project,
                options["out"],
                format=options["format"],
                settings=chosen,
                benchmarks=settings.BENCHMARKS_DIR,
            )
        run = _run(project, options)
        return export_run(
            run,
            options["out"],
            format=options["format"],
            settings=chosen,
            benchmarks=settings.BENCHMARKS_DIR,
        )


def _release(project: Project, number: int) -> Release:
    found = Release.objects.filter(project=project, number=number).first()
    if found is None:
        raise CommandError(f"{project.slug} has no release {number}.")
    return found


def _run(project: Project, options: dict[str, Any]) -> Run:
    if options["run"] is not None:
        found = Run.objects.filter(project=project, pk=options["run"]).first()
        if found is None:
            raise CommandError(f"{project.slug} has no run {options['run']}.")
        return found
    found = latest_consensus(project, options["policy"])
    if found is None:
        policy = options["policy"] or "lessons"
        raise CommandError(
            f"There is no consensus to export yet. Run: python3 manage.py consensus {project.slug} --policy {policy}"
        )
    return found
