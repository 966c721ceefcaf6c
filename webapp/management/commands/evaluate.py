from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.table import Table

from annotate.measure.benchmarks import (
    Sayings,
    evaluate_prmbench,
    evaluate_processbench,
    labels_of_rater,
    predictions_in,
)
from annotate.stats.prmbench import PrmBenchScore
from annotate.stats.processbench import ProcessBenchScore, Score
from webapp.management.base import GradusCommand


class Command(GradusCommand):
    help = "Score a rater's stored labels, or a file of predictions, on ProcessBench or PRMBench."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", choices=("processbench", "prmbench"), help="whose scores")
        parser.add_argument("files", nargs="+", type=Path, help="the benchmark's own files, plain or gzipped")
        parser.add_argument("--project", help="slug of the project that they were ingested into")
        parser.add_argument("--rater", help="whose labels are scored")
        parser.add_argument("--criterion", default="verdict", help="by which question (default: verdict)")
        parser.add_argument("--predictions", type=Path, help="instead of a rater: rows of id and prediction")
        parser.add_argument(
            "--threshold", type=float, help="a step below it is wrong (default: chosen on GSM8K, or 0.5)"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the intervals (default: 0)")
        parser.add_argument("--json", action="store_true", help="print the scores as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        say = self._sayings(options)
        evaluate: Any = evaluate_processbench if options["benchmark"] == "processbench" else evaluate_prmbench
        score, threshold = evaluate(
            options["files"], say, threshold=options["threshold"], seed=options["seed"]
        )
        if options["json"]:
            self.stdout.write(json.dumps(asdict(score) | {"threshold": threshold}, indent=2))
            return
        self.console.print(_processbench(score) if isinstance(score, ProcessBenchScore) else _prmbench(score))
        self.console.print("Intervals at 95 %, over solutions.")
        if threshold is not None:
            self.console.print(f"Where there are scores, a step below {threshold:.4g} is wrong.")
        if isinstance(score, PrmBenchScore):
            self.console.print(f"{score.n_valid:,} of {score.n:,} solutions have an answer for each step.")

    def _sayings(self, options: dict[str, Any]) -> Sayings:
        if options["predictions"] is not None:
            if options["project"] or options["rater"]:
                raise CommandError("Predictions speak for themselves: leave out --project and --rater.")
            return predictions_in(options["predictions"])
        if not options["project"] or not options["rater"]:
            raise CommandError("Say whose: --project SLUG --rater NAME, or --predictions FILE.")
        return labels_of_rater(self.project(options["project"]), options["rater"], options["criterion"])


def _processbench(score: ProcessBenchScore) -> Table:
    table = Table(title="ProcessBench", title_justify="left")
    for head in ("Subset", "Wrong", "found", "Right", "left alone", "F1", "Unknown"):
        table.add_column(head)
    for one in score.subsets:
        table.add_row(
            one.name,
            f"{one.n_wrong:,}",
            _said(one.on_wrong),
            f"{one.n_right:,}",
            _said(one.on_right),
            _said(one.f1),
            f"{one.n_unknown:,}",
        )
    table.add_row("mean", "", "", "", "", _said(score.f1), "")
    return table


def _prmbench(score: PrmBenchScore) -> Table:
    table = Table(title="PRMBench", title_justify="left")
    for head in ("Class", "Solutions", "Steps", "F1", "Negative F1", "PRM score"):
        table.add_column(head)
    for one in (*score.classes, score.total):
        table.add_row(
            one.name,
            f"{one.n:,}",
            f"{one.n_steps:,}",
            f"{one.f1:.3f}",
            f"{one.negative_f1:.3f}",
            _said(one.score),
        )
    for name, value in score.groups:
        table.add_row(f"{name} (mean)", "", "", "", "", f"{value:.3f}")
    return table


def _said(score: Score) -> str:
    if score.value is None:
        return "–"
    return f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"
