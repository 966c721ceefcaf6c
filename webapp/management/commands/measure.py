from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from django.core.management.base import CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.measure.actions import MeasureReport, measure_project
from annotate.models import Estimate
from webapp.management.base import GradusCommand

TITLES = {
    "alpha_people": "alpha, people",
    "alpha_all": "alpha, all raters",
    "percent_agreement_people": "percent agreement, people",
    "percent_agreement_all": "percent agreement, all raters",
    "gold_accuracy": "accuracy against gold",
    "calibration": "calibration error once calibrated",
}


class Command(GradusCommand):
    help = "Measure how far raters agree, and how often each gives the gold answer."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")
        parser.add_argument("--resamples", type=int, default=200, help="of the bootstrap (default: 200)")
        parser.add_argument("--json", action="store_true", help="print the estimates as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        report = measure_project(project, seed=options["seed"], resamples=options["resamples"])
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report), indent=2))
        elif report.estimates:
            self.console.print(f"From {report.n_labels:,} labels; intervals at 95 %.")
            # Rates of audits are not measured from labels: the audit command shows them.
            shown = [estimate for estimate in report.estimates if estimate.name in TITLES]
            for key, estimates in groupby(shown, lambda estimate: estimate.criterion.key):
                self.console.print(_table(key, list(estimates)))
        else:
            self.console.print(f"{project.slug} has no labels yet, so there is nothing to measure.")


def _table(criterion: str, estimates: list[Estimate]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for column in ("value", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column(criterion)
    for estimate in estimates:
        table.add_row(
            _value(estimate), f"{estimate.n:,}", ": ".join(filter(None, (_title(estimate), _note(estimate))))
        )
    return table


def _title(estimate: Estimate) -> str:
    """What was measured; an accuracy is named by its rater."""
    if estimate.rater is None:
        return TITLES[estimate.name]
    name = estimate.rater.name
    return f"{TITLES[estimate.name]}, {name}{' (simulated)' if estimate.rater.is_simulated else ''}"


def _value(estimate: Estimate) -> str:
    if estimate.value is None:
        return "not estimable"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f} (no interval)"
    return f"{estimate.value:.2f} ({estimate.low:.2f}–{estimate.high:.2f})"


def _note(estimate: Estimate) -> str:
    detail = estimate.detail
    notes = [estimate.reason] if estimate.reason else []
    if detail.get("n_unsure"):
        notes.append(f"{detail['n_unsure']:,} unsure, taken as missing")
    if detail.get("n_simulated"):
        notes.append(f"{detail['n_simulated']} of the raters simulated")
    return "; ".join(notes)


def _as_json(report: MeasureReport) -> dict[str, Any]:
    return {
        "data_version": report.data_version,
        "n_labels": report.n_labels,
        "estimates": [
            {
                "criterion": estimate.criterion.key,
                "name": estimate.name,
                "rater": estimate.rater and estimate.rater.name,
                "is_simulated": estimate.rater and estimate.rater.is_simulated,
                "value": estimate.value,
                "low": estimate.low,
                "high": estimate.high,
                "n": estimate.n,
                "reason": estimate.reason or None,
                "detail": estimate.detail,
            }
            for estimate in report.estimates
        ],
    }
