"""``stats rasch``: how severe every rater is and how high every item, on one scale."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser

from annotate.errors import NotEstimable, Rejected
from annotate.stats.codes import FloatArray
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.table import LongTable
from webapp.management.statistics.anchors import Anchors, read_anchors
from webapp.management.statistics.answer import Answer
from webapp.management.statistics.columns import Columns
from webapp.management.statistics.labels import (
    add_label_arguments,
    columns_of,
    names_of,
    refuse_words,
    table_of,
)
from webapp.management.statistics.rasch_data import data_of
from webapp.management.statistics.rasch_parts import parts_of
from webapp.management.statistics.wide import in_one_column

NAME = "rasch"
HELP = "Severity of raters and measures of items on one scale: the many-facet Rasch model."


def add_arguments(parser: CommandParser) -> None:
    add_label_arguments(parser)
    parser.add_argument(
        "--estimator",
        choices=("eb", "jmle", "mml"),
        default="eb",
        help="eb: variational empirical Bayes (default); jmle: as Facets; mml: exact, for few raters",
    )
    parser.add_argument(
        "--thresholds",
        choices=("criterion", "rater"),
        help="which have steps between levels of their own (default: one scale for all)",
    )
    parser.add_argument(
        "--trials", metavar="COLUMN", help="of which the label is the number of successes; empty: a rating"
    )
    parser.add_argument("--weight", metavar="COLUMN", help="what a label counts (default: 1)")
    parser.add_argument(
        "--anchor",
        metavar="FILE",
        help="known measures: columns facet, element, measure and, for groups of which the mean is known, group",
    )
    parser.add_argument(
        "--population",
        metavar="COLUMN",
        help="kind of rater (people, machines): each has a mean and a spread",
    )
    parser.add_argument("--tolerance", type=float, help="when a fit has arrived, in logits; jmle: in scores")
    parser.add_argument("--max-iter", type=int, default=1000, help="rounds at most (default: 1000)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of estimated traces in large tables (default: 0)"
    )


def run(options: Mapping[str, Any]) -> Answer:
    _check(options)
    options, labels = in_one_column(options)
    columns = columns_of(
        {**options, "label": None, "criterion": None} if labels else options,
        *labels,
        *(options[name] for name in ("trials", "weight", "population")),
    )
    if labels:
        columns = labels.melted(columns)
    anchors = read_anchors(options["anchor"]) if options["anchor"] else Anchors()
    kinds = _kinds(columns, options)
    table = _table(columns, options)
    if not len(table):
        raise CommandError(f"{columns.source}: there is no label to fit")
    with _places(columns, table, options):
        ratings = Ratings.from_table(
            table,
            trials=_trials(columns, table, options),
            thresholds_by=options["thresholds"],
            thresholds=anchors.thresholds,
            anchors=anchors.measures,
            groups={facet: list(known.values()) for facet, known in anchors.groups.items()},
            population=kinds,
        )
        fit = fit_rasch(
            ratings,
            estimator=options["estimator"],
            tolerance=options["tolerance"],
            max_iter=options["max_iter"],
            seed=options["seed"],
        )
    data = data_of(fit, table, kinds)
    return Answer(data, parts_of(data))


def _check(options: Mapping[str, Any]) -> None:
    if options["thresholds"] == "criterion" and not (options["criterion"] or "," in options["label"]):
        raise CommandError("--thresholds: criterion needs --criterion as well")
    if options["trials"] and options["levels"]:
        raise CommandError("--levels: a count of trials is no level")
    if options["repeats"] == "each":
        raise CommandError("--repeats: a rater's severity needs all their labels under one name")
    if options["max_iter"] < 1:
        raise CommandError("--max-iter: must be at least 1")
    if options["tolerance"] is not None and not options["tolerance"] > 0:
        raise CommandError("--tolerance: must be above 0")


def _table(columns: Columns, options: Mapping[str, Any]) -> LongTable:
    weight = columns.numbers(options["weight"]) if options["weight"] else None
    table = table_of(columns, options, weight=None if weight is None else weight.tolist())
    refuse_words(columns, options, table)
    return table


def _trials(columns: Columns, table: LongTable, options: Mapping[str, Any]) -> FloatArray | None:
    if not options["trials"]:
        return None
    return np.nan_to_num(columns.numbers(options["trials"]))[table.row - 1]


def _kinds(columns: Columns, options: Mapping[str, Any]) -> dict[Hashable, Hashable] | None:
    """The kind of every rater, which must be the same in all rows."""
    name = options["population"]
    if not name:
        return None
    kinds: dict[Hashable, Hashable] = {}
    for row, (rater, kind) in enumerate(
        zip(columns.cells[options["rater"]], columns.cells[name], strict=True)
    ):
        if kinds.setdefault(rater, kind) != kind:
            raise columns.error(
                f"{rater} was {kinds[rater]!r} before and is {kind!r} here", row=row + 1, column=name
            )
    return kinds


@contextmanager
def _places(columns: Columns, table: LongTable, options: Mapping[str, Any]) -> Iterator[None]:
    """Errors that name a row of the table name the line and the column of the file."""
    try:
        yield
    except NotEstimable as error:
        raise CommandError(f"{columns.source}: {error}") from error
    except Rejected as error:
        if error.row is None:
            where = "--anchor" if options["anchor"] and error.field != "estimator" else f"--{error.field}"
            raise CommandError(f"{where}: {error.reason}") from error
        names = {**names_of(options), "trials": options["trials"]}
        row = int(table.row[error.row - 1])
        raise columns.error(error.reason, row=row, column=names.get(error.field or "")) from error
