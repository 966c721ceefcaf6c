from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.core.management.base import CommandParser
from rich.box import SIMPLE
from rich.table import Table

from annotate.measure.actions import MeasureReport, measure_project
from annotate.measure.ruler.queries import rater_measures
from annotate.models import Estimate, Measure
from webapp.management.base import GradusCommand

TITLES = {
    "alpha_people": "alpha, people",
    "alpha_all": "alpha, all raters",
    "percent_agreement_people": "percent agreement, people",
    "percent_agreement_all": "percent agreement, all raters",
    "gold_accuracy": "accuracy against gold",
    "calibration": "calibration error once calibrated",
}


# Lines of a table that a terminal shows at once.
MOST_RATERS = 40


class Command(GradusCommand):
    help = "Measure how far raters agree, how often each gives the gold answer, and how severe each one is."

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
            self._print_ruler(report)
        else:
            self.console.print(f"{project.slug} has no labels yet, so there is nothing to measure.")

    def _print_ruler(self, report: MeasureReport) -> None:
        ruler = report.ruler
        if ruler is None:
            self.console.print(f"No ruler: {report.why_no_ruler}")
            return
        measures = list(rater_measures(ruler))
        self.console.print(
            f"Ruler {ruler.version}: {len(measures):,} raters on one scale from {ruler.n_labels:,} labels in"
            f" {ruler.seconds:.1f} s{'' if ruler.converged else '; ' + ruler.message}. In logits, the severest first."
        )
        self.console.print(_ruler_table(measures[:MOST_RATERS]))
        if len(measures) > MOST_RATERS:
            self.console.print(f"{len(measures) - MOST_RATERS:,} more on the page Raters.")


def _ruler_table(measures: Sequence[Measure]) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for column in ("severity", "infit", "outfit", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("rater")
    for one in measures:
        is_known = one.severity is not None and one.low is not None and one.high is not None
        table.add_row(
            f"{one.severity:.2f} ({one.low:.2f} to {one.high:.2f})" if is_known else "unknown",
            *("" if square is None else f"{square:.2f}" for square in (one.infit, one.outfit)),
            f"{one.n:,}",
            f"{one.rater.name}{' (simulated)' if one.rater.is_simulated else ''}"
            + (f": {one.reason}" if one.reason else ""),
        )
    return table


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
        "ruler": _ruler_as_json(report),
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


def _ruler_as_json(report: MeasureReport) -> dict[str, Any] | None:
    ruler = report.ruler
    if ruler is None:
        return None
    return {
        "version": ruler.version,
        "data_version": ruler.data_version,
        "converged": ruler.converged,
        "message": ruler.message,
        "n_labels": ruler.n_labels,
        "seconds": ruler.seconds,
        "raters": [
            {
                "rater": one.rater.name,
                "kind": one.rater.kind,
                "severity": one.severity,
                "se": one.se,
                "infit": one.infit,
                "outfit": one.outfit,
                "n": one.n,
                "flags": one.detail["flags"],
                "reason": one.reason or None,
            }
            for one in rater_measures(ruler)
        ],
        "questions": ruler.detail["questions"],
        "separation": ruler.detail["separation"],
    }
