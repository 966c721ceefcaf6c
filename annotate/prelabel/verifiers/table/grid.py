"""The table a problem brings: from ``meta.table`` or, where there is none, from the one Markdown table of its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from annotate.prelabel.checking.stated_values import key, number

MAX_CELLS = 20_000
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")


@dataclass(frozen=True, slots=True)
class Grid:
    """``rows`` are as long as ``columns``; a cell is what JSON or the text held."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> int | None:
        """The place of the column whose name is spelled like this, if there is exactly one."""
        places = [place for place, column in enumerate(self.columns) if key(column) == key(name)]
        return places[0] if len(places) == 1 else None

    def numbers(self, column: int) -> list[Fraction] | None:
        """Every cell of a column as a number; None where one is none."""
        found = [number(row[column]) for row in self.rows]
        return [value for value in found if value is not None] if found and None not in found else None

    def labels(self) -> dict[str, list[int]]:
        """The rows by what may name them: the texts of the first column that holds no numbers."""
        for place in range(len(self.columns)):
            cells = [row[place] for row in self.rows]
            if all(isinstance(cell, str) and number(cell) is None and key(cell) for cell in cells):
                rows: dict[str, list[int]] = {}
                for index, cell in enumerate(cells):
                    rows.setdefault(cell.strip(), []).append(index)
                return rows
        return {}


def grid_of(meta: Mapping[str, Any], problem: str) -> Grid | None:
    """The table, or None where there is none, more than one, or one that cannot be read."""
    given = meta.get("table")
    if isinstance(given, str):
        return _from_markdown(given)
    if isinstance(given, Mapping):
        return _checked(given.get("columns", given.get("header")), given.get("rows"))
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        columns = list(given[0])
        if any(list(row) != columns for row in given):
            return None
        return _checked(columns, [list(row.values()) for row in given])
    return _from_markdown(problem) if given is None else None


def _from_markdown(text: str) -> Grid | None:
    lines = text.splitlines()
    rules = [place for place, line in enumerate(lines) if place and "|" in line and _RULE.match(line)]
    if len(rules) != 1:
        return None
    rows = []
    for line in lines[rules[0] + 1 :]:
        if "|" not in line:
            break
        rows.append(_cells(line))
    return _checked(_cells(lines[rules[0] - 1]), rows)


def _cells(line: str) -> list[str]:
    parts = re.split(r"(?<!\\)\|", line.strip())
    parts = parts[1:] if parts and not parts[0].strip() else parts
    parts = parts[:-1] if parts and not parts[-1].strip() else parts
    return [part.replace("\\|", "|").strip().strip("*") for part in parts]


def _checked(columns: Any, rows: Any) -> Grid | None:
    if not (isinstance(columns, Sequence) and isinstance(rows, Sequence) and columns and rows):
        return None
    is_even = all(
        isinstance(row, Sequence) and not isinstance(row, str) and len(row) == len(columns) for row in rows
    )
    if isinstance(columns, str) or not is_even or len(columns) * len(rows) > MAX_CELLS:
        return None
    return Grid(tuple(str(column) for column in columns), tuple(tuple(row) for row in rows))
