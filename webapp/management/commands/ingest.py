from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.enums import RaterKind
from annotate.ingest.actions import ingest_files
from annotate.ingest.album import BadImages
from annotate.ingest.folders import files_of
from annotate.ingest.founding import create_project
from annotate.ingest.known_problems import KnownProblems, problems_in
from annotate.ingest.options import ReadOptions, pairs_of
from annotate.ingest.presets import GALLERY, USUAL
from annotate.ingest.preview import preview_file
from annotate.ingest.readers import AUTO, READERS
from annotate.ingest.report import IngestReport
from annotate.ingest.said_options import options_from
from annotate.ingest.splitting import SplitMode
from annotate.models import Person, Project
from webapp.management.base import GradusCommand
from webapp.management.hub_dataset import HUB, downloaded
from webapp.management.preview_text import lines_of
from workers.pictures import image_fetcher

SHOWN_ERRORS = 20
SHOWN_ROWS = 3
_SAID_BY_NAME = (
    "split",
    "split_tag",
    "rater",
    "rater_kind",
    "criterion",
    "counts_from",
    "problem",
    "bad_images",
)
KINDS = [kind.value for kind in RaterKind if kind != RaterKind.REVIEW]


class Command(GradusCommand):
    help = "Bring traces, or labels made elsewhere, from files into a project. Twice the same file is once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument(
            "file",
            nargs="+",
            help=f"files (plain or gzip), a folder with a data set, or {HUB}ORGANISATION/NAME",
        )
        parser.add_argument(
            "--format",
            default=AUTO,
            choices=[AUTO, *sorted(READERS)],
            help="see docs/formats.md; found out if unsaid",
        )
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
        parser.add_argument("--strict", action="store_true", help="one rejected row, and nothing is written")
        parser.add_argument(
            "--preview",
            nargs="?",
            type=int,
            const=SHOWN_ROWS,
            metavar="ROWS",
            help="show the first rows as they would come in, and write nothing",
        )
        parser.add_argument("--create", action="store_true", help="make the project if there is none")
        parser.add_argument("--owner", metavar="USER", help="who owns a project made by --create")
        parser.add_argument(
            "--rubric", choices=tuple(GALLERY), default=USUAL, help="what a project made by --create asks"
        )
        self._add_options(parser)

    def _add_options(self, parser: CommandParser) -> None:
        group = parser.add_argument_group("what a file does not say of itself")
        group.add_argument(
            "--split", choices=[mode.value for mode in SplitMode], help="how texts are cut into steps"
        )
        group.add_argument(
            "--split-tag", default="", metavar="MARK", help="with --split tagged: the mark of a step"
        )
        group.add_argument(
            "--map", action="append", default=[], metavar="FIELD=COLUMN", help="where a table keeps a field"
        )
        group.add_argument(
            "--value",
            action="append",
            default=[],
            metavar="VALUE=LEVEL",
            help="the level that a value stands for",
        )
        group.add_argument("--rater", default="", metavar="NAME", help="whose the labels in the file are")
        group.add_argument("--rater-kind", choices=KINDS, help="what they are")
        group.add_argument(
            "--criterion", default="", metavar="KEY", help="the question that the labels answer"
        )
        group.add_argument("--counts-from", type=int, choices=(0, 1), help="the number of the first step")
        group.add_argument(
            "--problem", default="", metavar="TEXT", help="the problem of every solution in the file"
        )
        group.add_argument(
            "--problems",
            metavar="FILE",
            help="a table of problems, of which one begins every text, where the file does not say how far it goes",
        )
        group.add_argument(
            "--images",
            metavar="FOLDER",
            help="where the images lie that rows name by file; no other file is read",
        )
        group.add_argument(
            "--bad-images",
            choices=[one.value for one in BadImages],
            help="what becomes of a row with an image that is no good: refuse it, or keep it without (usually refuse)",
        )
        group.add_argument("--part", default="", metavar="NAME", help="of a data set: train, test, …, or all")
        group.add_argument("--revision", default="", metavar="NAME", help="of a data set on the Hub")

    def handle(self, *args: Any, **options: Any) -> None:
        named = {name: options[name] for name in _SAID_BY_NAME}
        said = options_from(
            named
            | {"columns": pairs_of(options["map"], "map"), "values": pairs_of(options["value"], "value")}
        )
        # Options that name a place on this machine: whoever runs commands here may read it anyway.
        read_by = replace(
            said, images_from=_folder(options["images"]), problems=_problems(options["problems"])
        )
        paths = self._paths(options)
        if options["preview"] is not None:
            self._preview(paths[0], read_by, options)
            return
        project = self._project(options["project"], options)
        with self.progress() as progress:
            shown = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
            task = progress.add_task(f"Reading {shown}", total=None, note="bytes")
            report = ingest_files(
                project,
                paths,
                format=options["format"],
                options=read_by,
                is_dry_run=options["dry_run"],
                is_strict=options["strict"],
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
                fetcher=image_fetcher(),
            )
        self._print(report)
        n_taken = report.created + report.updated + report.unchanged
        if report.rejected and (options["strict"] or not n_taken):
            raise CommandError(f"Nothing was written: {report.rejected:,} of the rows cannot be taken.")

    def _paths(self, options: dict[str, Any]) -> list[Path]:
        found: list[Path] = []
        for given in options["file"]:
            if given.startswith(HUB):
                folder, names = downloaded(given, revision=options["revision"], part=options["part"])
                found += [folder / name for name in names]
            elif Path(given).is_dir():
                found += files_of(Path(given), options["part"])
            elif Path(given).is_file():
                found.append(Path(given))
            else:
                raise CommandError(f"There is no file {given}.")
        return found

    def _preview(self, path: Path, read_by: ReadOptions, options: dict[str, Any]) -> None:
        if options["preview"] < 1:
            raise CommandError("A preview shows at least one row.")
        preview = preview_file(path, format=options["format"], options=read_by, most=options["preview"])
        self.console.print(f"{path.name} is read as {preview.format}. Nothing was written.", markup=False)
        for row in preview.rows:
            for line in lines_of(row):
                self.console.print(line, markup=False, highlight=False, soft_wrap=True)

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
        self.console.print(f"Read as {report.format}.")
        self.console.print("Done." if report.is_written else "Nothing was written. It would have been:")
        table = Table("rows", box=SIMPLE, pad_edge=False)
        table.add_column("count", justify="right")
        for name in ("created", "updated", "unchanged", "rejected"):
            table.add_row(name, f"{getattr(report, name):,}")
        table.add_section()
        table.add_row("labels written", f"{report.labels:,}")
        if report.left_out:
            table.add_row("labels left out: the rubric does not ask", f"{report.left_out:,}")
        if report.pairs:
            table.add_row("new pairs", f"{report.pairs:,}")
        if report.lineups:
            table.add_row("new lineups", f"{report.lineups:,}")
        if report.flaws:
            table.add_row("images left out", f"{report.flaws:,}")
        self.console.print(table)
        for image in report.left_out_images[:SHOWN_ERRORS]:
            told = f"line {image.line}, {image.field}: the image {image.reason}"
            self.console.print(told, markup=False, soft_wrap=True)
        for row in report.errors[:SHOWN_ERRORS]:
            place = (
                (f"{row.file}, " if row.file else "")
                + f"line {row.line}"
                + (f", {row.field}" if row.field else "")
            )
            self.console.print(f"{place}: {row.reason}", markup=False, soft_wrap=True)
        if report.rejected > SHOWN_ERRORS:
            self.console.print(f"and {report.rejected - SHOWN_ERRORS:,} more")


def _problems(given: str | None) -> KnownProblems | None:
    if given is None:
        return None
    if not Path(given).is_file():
        raise CommandError(f"There is no file {given}.")
    return problems_in(Path(given))


def _folder(given: str | None) -> Path | None:
    if given is None:
        return None
    if not Path(given).is_dir():
        raise CommandError(f"There is no folder {given}.")
    return Path(given)
