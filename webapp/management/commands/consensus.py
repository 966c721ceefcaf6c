from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from annotate.consensus.actions import TAKEN_AWAY, ask_consensus, cancel_consensus
from annotate.consensus.auditing import Audit, audit_of
from annotate.consensus.funnel import FunnelRow, as_json
from annotate.consensus.queries import consensus_runs, funnel_of, tier_counts
from annotate.consensus.registry import POLICIES
from annotate.consensus.unfinished import take_up
from annotate.errors import Conflict, Rejected
from annotate.models import Project, Run
from webapp.management.base import GradusCommand
from webapp.management.pairs import settings_from
from workers.tasks.consensus import make_signed


class Command(GradusCommand):
    help = "Decide for every step of a project what to keep, drop or ask people about."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--policy", choices=sorted(POLICIES), help="the rule to decide by")
        parser.add_argument(
            "--run",
            type=int,
            help="show this finished run (0: the newest) with its audit, and decide nothing",
        )
        parser.add_argument(
            "--criterion", default="", help="key of the step criterion (default: the policy's usual one)"
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            dest="pairs",
            help="a setting, again and again",
        )
        parser.add_argument("--json", action="store_true", help="print the funnel as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if (options["policy"] is None) == (options["run"] is None):
            raise Rejected("name a policy to run, or a run to show", field="policy")
        run = self._run(project, options) if options["policy"] else _found(project, options["run"])
        audit, learned = audit_of(run), run.summary.get("learned")
        if options["json"]:
            answer = {
                "run": run.pk,
                "policy": run.name,
                "criterion": run.criterion.key,
                "settings": run.settings,
            }
            answer |= {"funnel": as_json(funnel_of(run)), "learned": learned}
            answer |= {"audit": audit.as_json() if audit else None}
            self.stdout.write(json.dumps(answer, indent=2))
            return
        self.console.print(funnel_table(f"{run.name}, run {run.pk}", funnel_of(run)))
        for line in (*_tiers(run), *_learned(learned or {}), *_audit(audit)):
            self.console.print(line)

    def _run(self, project: Project, options: dict[str, Any]) -> Run:
        with self.progress() as progress:
            task = progress.add_task("Deciding traces", total=None, note="")
            asked = ask_consensus(
                project,
                policy=options["policy"],
                settings=settings_from(options["pairs"], POLICIES[options["policy"]].settings),
                criterion_key=options["criterion"],
            )
            run = take_up(asked.pk)
            if run is None:
                raise Conflict(TAKEN_AWAY)
            try:
                make_signed(run, lambda done, total: progress.update(task, completed=done, total=total))
            except KeyboardInterrupt:
                # Else a worker would take it up.
                cancel_consensus(run)
                raise
            return run


def _found(project: Project, number: int) -> Run:
    runs = consensus_runs(project)
    found = (runs.filter(pk=number) if number else runs).first()
    if found is None:
        raise Rejected(f"{project.slug} has no finished consensus {number or 'yet'}", field="run")
    return found


def _tiers(run: Run) -> list[str]:
    return [f"Tier {one.title}: {one.steps:,} steps" for one in tier_counts(run)]


# What a guarantee is a share of.
_OF = {"conformal": "all steps kept and wrong", "certified": "the kept steps wrong"}


def _learned(learned: dict[str, Any]) -> list[str]:
    found = learned.get("guarantee")
    if not found:
        return []
    lines = [f"Kept is a risk up to {found['keep_below']:.3g}."]
    if found["reason"]:
        lines.append(f"No guarantee: {found['reason']}.")
    else:
        lines.append(
            f"Guarantee ({found['method']}, at most {found['target']:.3g} of {_OF[found['method']]}): on"
            f" {found['n_traces']} gold traces held out, {found['error']:.4f} of the kept were wrong;"
            f" {found['assumption']}."
        )
    lines += [f"Assumed: {one}." for one in learned.get("assumed", ())]
    return lines


def _audit(audit: Audit | None) -> list[str]:
    if audit is None:
        return []
    told = f"Audit: {audit.n_read} of {audit.n_drawn} drawn traces are read"
    found = audit.estimate
    if found.error is None:
        return [f"{told}; {found.reason}."]
    lines = [
        f"{told}: {found.error:.4f} of what was kept is wrong (95 %: {found.low:.4f} to {found.high:.4f};"
        f" {found.n_steps} steps)."
    ]
    if found.n_open:
        lines.append(
            f"Whatever {found.n_open} steps are that readers left open: {found.least:.4f} to {found.most:.4f}."
        )
    return lines


def funnel_table(title: str, rows: list[FunnelRow]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Steps that are")
    for column in ("Action", "Steps", "In traces"):
        table.add_column(column, justify="left" if column == "Action" else "right")
    for row in rows:
        table.add_row(row.title, row.action, f"{row.steps:,}", f"{row.traces:,}")
    return table
