"""The arguments that name the columns of a table of labels, and the long table they make."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

from django.core.management.base import CommandParser

from annotate.stats.table import LongTable
from webapp.management.statistics.columns import DELIMITERS, Columns, read_columns


def add_label_arguments(parser: CommandParser, *, repeats: Literal["first", "auto"] = "first") -> None:
    """FILE and the columns that say who gave which label to what.

    Repeats can be kept only in models of repeated readings, whose default is `auto`.
    """
    parser.add_argument("file", metavar="FILE", help="CSV or TSV with a header, UTF-8; - is standard input")
    parser.add_argument("--item", required=True, metavar="COLUMN", help="what was labelled")
    parser.add_argument("--rater", required=True, metavar="COLUMN", help="who labelled it")
    parser.add_argument("--label", required=True, metavar="COLUMN", help="the answer; empty and NA are none")
    parser.add_argument("--criterion", metavar="COLUMN", help="what was asked, where several things were")
    parser.add_argument("--levels", metavar="A,B,C", help="every possible label in order, lowest first")
    rules = ("first", "last", "error", "each")
    models = (
        "; keep: all, as readings by one rater; auto: keep if every rater read each of their items equally"
        " often, else first"
    )
    parser.add_argument(
        "--repeats",
        choices=(*rules, "keep", "auto") if repeats == "auto" else rules,
        default=repeats,
        help="which label stands where a rater gave one item two; each: all, as by raters of their own"
        f"{models if repeats == 'auto' else ''} (default: {repeats})",
    )
    parser.add_argument(
        "--delimiter", metavar="NAME", help=f"{', '.join(DELIMITERS)} or one character (default: found)"
    )


def add_trace_argument(parser: CommandParser) -> None:
    parser.add_argument(
        "--trace", metavar="COLUMN", help="what intervals draw again as a whole (default: the item)"
    )


def columns_of(options: Mapping[str, Any], *further: str | None) -> Columns:
    """The columns that the label arguments name, and those in ``further`` that are named."""
    named = [options["item"], options["rater"], options["label"], options["criterion"], options.get("trace")]
    wanted = [name for name in (*named, *further) if name]
    return read_columns(options["file"], wanted, delimiter=options["delimiter"])


def levels_of(options: Mapping[str, Any]) -> list[str] | None:
    """The levels in order; one that holds a comma stands in double quotes."""
    return None if options["levels"] is None else split_levels(options["levels"])


def split_levels(given: str) -> list[str]:
    return [level.strip() for level in next(csv.reader([given], skipinitialspace=True))]


def table_of(
    columns: Columns, options: Mapping[str, Any], *, weight: Sequence[float] | None = None
) -> LongTable:
    """The long table; what is wrong with it is said by line of the file and name of the column."""
    values, levels = columns.labels(options["label"], levels_of(options))
    criterion, trace, repeats = options["criterion"], options.get("trace"), options["repeats"]
    raters = columns.ids(options["rater"])
    if repeats == "each":
        raters, repeats = _told_apart(columns, options, raters, values), "error"
    with columns.named(names_of(options)):
        return LongTable.from_columns(
            columns.ids(options["item"]),
            raters,
            values,
            criterion=columns.ids(criterion) if criterion else None,
            cluster=columns.ids(trace) if trace else None,
            weight=weight,
            levels=levels,
            repeats=repeats,
        )


def _told_apart(
    columns: Columns, options: Mapping[str, Any], raters: list[str | None], values: list[Hashable]
) -> list[str | None]:
    """Raters, of whom the second label on an item is by "name #2" and so on."""
    items = columns.cells[options["item"]]
    asked = columns.cells[options["criterion"]] if options["criterion"] else items
    seen: Counter[tuple[Hashable, ...]] = Counter()
    told: list[str | None] = []
    for rater, value, *unit in zip(raters, values, items, asked, strict=True):
        number = seen[rater, *unit] = seen[rater, *unit] + (value is not None)
        told.append(rater if rater is None or number < 2 else f"{rater} #{number}")
    return told


def refuse_words(columns: Columns, options: Mapping[str, Any], table: LongTable) -> None:
    """For what needs an order: the first label that is no number is named, as it may be the only one by mistake."""
    if table.ordered:
        return
    name = options["label"]
    row, word = columns.first_word(name)
    reason = f"{word!r} is no number, and so labels are words; --levels says their order, lowest first"
    raise columns.error(reason, row=row, column=name)


def names_of(options: Mapping[str, Any]) -> dict[str, str | None]:
    """The file's names of the fields that errors of the statistics name."""
    return {
        "item": options["item"],
        "rater": options["rater"],
        "value": options["label"],
        "criterion": options["criterion"],
        "cluster": options.get("trace"),
        "weight": options.get("weight"),
    }
