"""Agreement by depth and on first errors, from the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from django.core.management.base import CommandError

from annotate.stats.depth import agreement_by_depth
from annotate.stats.first_error import FirstErrors, first_error_agreement
from annotate.stats.table import LongTable
from webapp.management.statistics.columns import Columns
from webapp.management.statistics.labels import levels_of, split_levels
from webapp.management.statistics.numerals import as_number


def along_the_trace(
    columns: Columns, table: LongTable, options: Mapping[str, Any], drawn: Mapping[str, Any]
) -> dict[str, Any]:
    depth = _depths(columns, options)
    curve = agreement_by_depth(table, depth, options["level"], **drawn)
    data: dict[str, Any] = {
        "depth": [
            {
                "first": one.first,
                "last": one.last,
                "alpha": one.agreement.value,
                "low": one.agreement.low,
                "high": one.agreement.high,
                "percent": one.agreement.percent,
                "n_items": one.agreement.n_items,
                "n_labels": one.agreement.n_labels,
                "reason": one.agreement.reason,
                "prevalence": one.prevalence,
            }
            for one in curve
        ]
    }
    if options["wrong"] and asks_one_thing(table):
        wrong = {value for text in split_levels(options["wrong"]) for value in (text, as_number(text))}
        data["first_error"] = asdict(
            first_error_agreement(FirstErrors.of_steps(table, depth, wrong), **drawn)
        )
    return data


def asks_one_thing(table: LongTable) -> bool:
    """First errors are of one criterion."""
    return table.criterion is None or len(np.unique(table.criterion.codes)) <= 1


def check_wrong(columns: Columns, options: Mapping[str, Any]) -> None:
    """A label that nobody gave and that is no level is a slip of the pen."""
    known = set(columns.cells[options["label"]]) | set(levels_of(options) or ())
    numbers = {as_number(text) for text in known} - {None}
    for text in split_levels(options["wrong"]):
        if text not in known and as_number(text) not in numbers:
            raise CommandError(f"--wrong: no label is {text!r}")


def given_places(columns: Columns, table: LongTable, options: Mapping[str, Any]) -> FirstErrors:
    """Readings from labels that are places themselves."""
    if table.scores is None and len(table):
        raise columns.error("--first-error needs places of steps as labels", column=options["label"])
    place = [table.value.vocab[code] for code in table.value.codes.tolist()]
    item, rater = (
        [codes.vocab[code] for code in codes.codes.tolist()] for codes in (table.item, table.rater)
    )
    return replace(FirstErrors.of_columns(item, rater, place), n_unknown=table.n_missing)


def _depths(columns: Columns, options: Mapping[str, Any]) -> dict[Any, int]:
    """The place of each item; an error names a row without one, or one that says otherwise."""
    places = columns.numbers(options["position"])
    depth: dict[Any, int] = {}
    for row, (item, place) in enumerate(zip(columns.cells[options["item"]], places.tolist(), strict=True)):
        if not (place >= 0 and place.is_integer()):
            raise columns.error("not a place from 0 on", row=row + 1, column=options["position"])
        if depth.setdefault(item, int(place)) != place:
            raise columns.error(
                f"item {item} was at {depth[item]} before", row=row + 1, column=options["position"]
            )
    return depth
