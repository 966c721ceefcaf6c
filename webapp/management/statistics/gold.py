"""Further files beside the labels: answers that are known, and what each rater's vote weighs."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from annotate.errors import Rejected
from webapp.management.statistics.columns import DELIMITERS, NO_LABEL, Columns, read_columns
from webapp.management.statistics.numerals import as_number

Answers = dict[str, dict[str, str]]


def read_answers(source: str, options: Mapping[str, Any]) -> Answers:
    """Answers by criterion ("" where the file or the labels have none) and item, as they are written.

    The item's column is called as in the file of labels. The answer's is as well, or it is the only other column.
    `CommandError` for an item with two different answers.
    """
    names = _header(source, options["item"])
    criterion = options["criterion"] if options["criterion"] in names else None
    others = [name for name in names if name not in (options["item"], criterion)]
    label = others[0] if options["label"] not in names and len(others) == 1 else options["label"]
    wanted = [name for name in (options["item"], label, criterion) if name]
    columns = read_columns(source, wanted, delimiter=options["delimiter"])
    asked = columns.cells[criterion] if criterion else [""] * len(columns.line)
    answers: Answers = {}
    rows = zip(asked, columns.cells[options["item"]], columns.cells[label], strict=True)
    for row, (about, item, answer) in enumerate(rows, start=1):
        if not item:
            raise columns.error("the id is missing", row=row, column=options["item"])
        if answer in NO_LABEL:
            continue
        if answers.setdefault(about, {}).setdefault(item, answer) != answer:
            raise columns.error(f"{item} has another answer above", row=row, column=label)
    return answers


def as_levels(answers: Mapping[str, str], levels: Sequence[Hashable]) -> dict[Hashable, Hashable]:
    """Answers in the terms of the levels: as numbers where those are; texts that are no level stay texts."""
    is_number = bool(levels) and all(isinstance(level, Real) for level in levels)
    found: dict[Hashable, Hashable] = {}
    for item, answer in answers.items():
        number = as_number(answer) if is_number else None
        found[item] = answer if number is None else number
    return found


def read_rater_weights(source: str, options: Mapping[str, Any]) -> dict[Hashable, float]:
    """Weights by rater, from the rater's column and one called weight."""
    columns = read_columns(source, [options["rater"], "weight"], delimiter=options["delimiter"])
    numbers = columns.numbers("weight").tolist()
    weights: dict[Hashable, float] = {}
    for row, (rater, weight) in enumerate(zip(columns.ids(options["rater"]), numbers, strict=True), start=1):
        _check_weight(columns, row, rater, weight)
        if rater in weights:
            raise columns.error(f"{rater} stands here twice", row=row, column=options["rater"])
        weights[rater] = weight
    return weights


def _check_weight(columns: Columns, row: int, rater: str | None, weight: float) -> None:
    if rater is None:
        raise columns.error("a rater is missing", row=row)
    if not 0 <= weight < float("inf"):
        raise columns.error("must be a finite number >= 0", row=row, column="weight")


def _header(source: str, item: str) -> list[str]:
    """Names in the first line, by the delimiter that finds the item's column; empty where none does."""
    if source == "-":
        raise Rejected("answers and weights are read from a file, not from standard input", field="file")
    path = Path(source)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        first = lines.readline()
    for mark in DELIMITERS.values():
        names = [name.strip() for name in next(csv.reader([first], delimiter=mark), [])]
        if item in names and len(names) > 1:
            return names
    return []
