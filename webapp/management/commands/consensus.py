from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from annotate.consensus.actions import run_consensus
from annotate.consensus.funnel import FunnelRow, as_json
from annotate.consensus.queries import funnel_of
from annotate.consensus.registry import POLICIES
from annotate.models import Project, Run
from webapp.management.base import GradusCommand
from webapp.management.pairs import settings_from


class Command(GradusCommand):
    help = "Decide for every step of a project what to keep, drop or ask people about."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--policy", required=True, choices=sorted(POLICIES))
        parser.add_argument(
            "--criterion", default="", help="key of the step criterion (default: the policy's usual one)"
        )
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="pairs")
        parser.add_argument("--json", action="store_true", help="print the funnel as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._run(self.project(options["project"]), options)
        if options["json"]:
            answer = {"run": run.pk, "policy": run.name, "settings": run.settings}
            self.stdout.write(json.dumps(answer | {"funnel": as_json(funnel_of(run))}, indent=2))
        else:
            self.console.print(funnel_table(f"{run.name}, run {run.pk}", funnel_of(run)))

    def _run(self, project: Project, options: dict[str, Any]) -> Run:
        with self.progress() as progress:
            task = progress.add_task("Deciding traces", total=None, note="")
            return run_consensus(
                project,
                policy=options["policy"],
                settings=settings_from(options["pairs"], POLICIES[options["policy"]].settings),
                criterion_key=options["criterion"],
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )


def funnel_table(title: str, rows: list[FunnelRow]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Steps that are")
    for column in ("Action", "Steps", "In traces"):
        table.add_column(column, justify="left" if column == "Action" else "right")
    for row in rows:
        table.add_row(row.title, row.action, f"{row.steps:,}", f"{row.traces:,}")
    return table
