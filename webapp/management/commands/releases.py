from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from rich.table import Table

from annotate.enums import ReleaseState
from annotate.export.actions import build_release
from annotate.export.changes import changes_between
from annotate.export.queries import releases_of
from annotate.export.registry import FORMATS
from annotate.models import Project, Release
from webapp.management.base import GradusCommand
from webapp.management.pairs import settings_from


class Command(GradusCommand):
    help = "List a project's releases, build one, or say what changed from one to another and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("number", nargs="?", type=int, help="of a release: what changed in it")
        parser.add_argument(
            "--against", type=int, metavar="N", help="since this release (default: the one before)"
        )
        parser.add_argument(
            "--build", choices=sorted(FORMATS), metavar="FORMAT", help="build the next release"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="pairs",
            help="a setting, again and again",
        )
        parser.add_argument("--json", action="store_true", help="print what changed as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if options["build"]:
            self._build(project, options)
        elif options["number"] is None:
            self._list(project)
        else:
            self._changes(project, options)

    def _build(self, project: Project, options: dict[str, Any]) -> None:
        name = options["build"]
        release = build_release(
            project,
            folder=settings.RELEASES_DIR,
            format=name,
            settings=settings_from(options["pairs"], FORMATS[name].settings),
            benchmarks=settings.BENCHMARKS_DIR,
        )
        self.console.print(f"Release {release.number} of {project.slug}, as {name}.")
        for key, count in release.manifest["counts"].items():
            self.console.print(f"{key.replace('_', ' ')}: {count:,}")

    def _list(self, project: Project) -> None:
        table = Table(title=project.slug, title_justify="left")
        for head in ("Release", "Format", "From", "State", "Added", "Lost", "Labelled otherwise"):
            table.add_column(head)
        for one in releases_of(project):
            steps = one.changes.get("steps", {})
            table.add_row(
                str(one.number),
                one.format,
                str(one.run or "labels"),
                one.get_state_display(),
                *(f"{steps[name]:,}" if name in steps else "" for name in ("added", "lost", "relabelled")),
            )
        self.console.print(table)

    def _changes(self, project: Project, options: dict[str, Any]) -> None:
        release = _release(project, options["number"])
        changes = release.changes
        if options["against"] is not None:
            changes = changes_between(_release(project, options["against"]), release, release.manifest)
        if options["json"]:
            self.stdout.write(json.dumps(changes, indent=2, ensure_ascii=False))
            return
        if not changes:
            self.console.print(f"Release {release.number} is the first of its kind.")
            return
        self.console.print(f"Release {release.number} since release {changes['since']}")
        for name, count in changes.get("steps", {}).items():
            self.console.print(f"steps {name}: {count:,}")
        table = Table()
        for head in ("Change", "Before", "Now", "Because", "Steps"):
            table.add_column(head)
        for kind in changes.get("kinds", ()):
            table.add_row(
                kind["change"], kind["before"], kind["after"], kind["because"], f"{kind['steps']:,}"
            )
        if table.row_count:
            self.console.print(table)
        for part in ("policy", "settings", "counts"):
            for one in changes.get(part, ()):
                self.console.print(f"{part}, {one['name']}: {one['before']} → {one['after']}")


def _release(project: Project, number: int) -> Release:
    found = Release.objects.filter(
        project=project, number=number, state=ReleaseState.PUBLISHED
    ).select_related("run__criterion")
    release = found.first()
    if release is None:
        raise CommandError(f"{project.slug} has no published release {number}.")
    return release
