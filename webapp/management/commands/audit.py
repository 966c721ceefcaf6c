"""``python3 manage.py audit PROJECT``: where its judges stand; with ``--judge``, ask one of them again."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.measure.actions import set_judge_gate
from annotate.measure.reports import JudgeReport, Rate, audited_criterion, judge_reports
from annotate.models import Project
from annotate.prelabel.audit.actions import USUAL_SIZE, USUAL_VOTES, open_audit
from webapp.management.base import GradusCommand
from workers.tasks.prelabel import send_run

STATES = {"trusted": "trusted", "below": "below the gate", "unaudited": "not audited yet"}


class Command(GradusCommand):
    help = "Show what the audits of a project's judges found, open one, or state what they must reach."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--judge", metavar="NAME", help="open a new audit of this judge")
        parser.add_argument(
            "--traces",
            type=int,
            default=USUAL_SIZE,
            metavar="N",
            help=f"traces, or pairs, to ask about (default: {USUAL_SIZE})",
        )
        parser.add_argument(
            "--votes",
            type=int,
            default=USUAL_VOTES,
            metavar="N",
            help=f"on one question (default: {USUAL_VOTES})",
        )
        parser.add_argument(
            "--gate",
            action="append",
            metavar="RATE=SHARE",
            help="replace the gate; RATE= alone asks nothing of it",
        )
        parser.add_argument("--json", action="store_true", help="print the rates as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        if options["gate"]:
            set_judge_gate(project, _gate_of(options["gate"]))
        if options["judge"]:
            self._open(project, options)
        reports = judge_reports(project)
        if options["json"]:
            gate = {"gate": project.judge_gate, "judges": [_as_json(report) for report in reports]}
            self.stdout.write(json.dumps(gate, indent=2))
        elif not reports:
            self.console.print(f"{project.slug} has no judge yet. The first run of one opens its audit.")
        else:
            for report in reports:
                self.console.print(_standing(report), markup=False, soft_wrap=True)
                if report.rates:
                    self.console.print(_table(report))

    def _open(self, project: Project, options: dict[str, Any]) -> None:
        rater = project.raters.filter(kind=RaterKind.JUDGE, name=options["judge"]).first()
        criterion = audited_criterion(rater) if rater else None
        if rater is None or criterion is None:
            raise Rejected(
                f"{project.slug} has no judge called {options['judge']} that has run here.", field="judge"
            )
        run = open_audit(rater, criterion, size=options["traces"], votes=options["votes"])
        send_run(run)
        self.console.print(
            f"Audit {run.pk} of {rater} is with the workers."
            f" Follow it: python3 manage.py prelabel {project.slug} --resume {run.pk}"
        )


def _gate_of(pairs: list[str]) -> dict[str, float]:
    gate: dict[str, float] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise Rejected(f"{pair!r} is not of the form RATE=SHARE.", field="gate")
        if value:
            try:
                gate[name] = float(value)
            except ValueError:
                raise Rejected("must be a number from 0 to 1.", field=name) from None
    return gate


def _standing(report: JudgeReport) -> str:
    state = STATES[report.trust.state] + (f": {report.trust.reason}" if report.trust.reason else "")
    if report.is_running:
        size = f"{report.n_units} {report.noun}s"
        state += (
            f" (an audit over {size} waits for a worker)"
            if report.is_waiting
            else f" (an audit is under way: {report.n_done} of {size})"
        )
    return f"{report.rater}: {state}"


def _table(report: JudgeReport) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("")
    for rate in report.rates:
        table.add_row(_figure(rate), f"{rate.estimate.n:,}", _words(rate))
    return table


def _figure(rate: Rate) -> str:
    one = rate.estimate
    return "–" if one.value is None else f"{one.value:.2f} ({one.low:.2f}–{one.high:.2f})"


def _words(rate: Rate) -> str:
    words = [rate.family.title]
    if rate.wanted is not None:
        words.append(f"gate {rate.wanted:g}{', missed' if rate.is_missed else ''}")
    if rate.estimate.reason:
        words.append(rate.estimate.reason)
    elif rate.estimate.detail["n_unread"]:
        words.append(f"{rate.estimate.detail['n_unread']} not read")
    return "; ".join(words)


def _as_json(report: JudgeReport) -> dict[str, Any]:
    return {
        "rater": report.rater.name,
        "asked_about": report.noun,
        "trust": report.trust.state,
        "reason": report.trust.reason,
        "run": report.run and report.run.pk,
        "rates": {
            rate.family.name: {
                "value": rate.estimate.value,
                "low": rate.estimate.low,
                "high": rate.estimate.high,
                "n": rate.estimate.n,
                "n_unread": rate.estimate.detail["n_unread"],
                "reason": rate.estimate.reason or None,
                "wanted": rate.wanted,
            }
            for rate in report.rates
        },
    }
