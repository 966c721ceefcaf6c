"""``stats agreement``: how far raters agree beyond chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from annotate.stats.agreement import AgreementResult, krippendorff_alpha
from webapp.management.statistics.answer import Answer, grid
from webapp.management.statistics.labels import (
    add_label_arguments,
    add_trace_argument,
    columns_of,
    names_of,
    table_of,
)

NAME = "agreement"
HELP = "How far raters agree beyond chance, with intervals."


def add_arguments(parser: CommandParser) -> None:
    add_label_arguments(parser)
    add_trace_argument(parser)
    parser.add_argument(
        "--level",
        choices=("nominal", "ordinal", "interval", "ratio"),
        default="nominal",
        help="of measurement (default: nominal)",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")


def run(options: Mapping[str, Any]) -> Answer:
    columns = columns_of(options)
    table = table_of(columns, options)
    with columns.named(names_of(options)):
        alpha = krippendorff_alpha(
            table, options["level"], resamples=options["resamples"], seed=options["seed"]
        )
    return Answer({"alpha": alpha.value, **_details(alpha)}, [_table(alpha)])


def _details(result: AgreementResult) -> dict[str, Any]:
    return {name: value for name, value in asdict(result).items() if name != "value"}


def _table(alpha: AgreementResult) -> Any:
    row = ("Krippendorff's alpha", alpha.value, alpha.low, alpha.high, alpha.n_items, alpha.n_labels)
    return grid("", ("", "value", "low", "high", "items", "labels"), [row])
