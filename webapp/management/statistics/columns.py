"""The table a statistic reads from a file: columns by name, cells as text, and the line each row stands on."""

from __future__ import annotations

import csv
import sys
from array import array
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import numpy as np
from django.core.management.base import CommandError

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray
from webapp.management.statistics.numerals import as_number

# What stands in a cell of labels or numbers in which nothing stands.
NO_LABEL = frozenset({"", "NA", "NaN", "nan"})
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
# Texts of steps may stand in the same file; the usual limit is 128 KiB.
_LONGEST_CELL = 1 << 26
_NAMED_LINES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The wanted columns of a file: ``cells[name][i]`` is the text of row i, which begins on ``line[i]``."""

    source: str
    cells: Mapping[str, list[str]]
    line: array[int]

    def ids(self, name: str) -> list[str | None]:
        """Names of items, raters and so on; None where the cell is empty, which `LongTable` rejects."""
        return [cell or None for cell in self.cells[name]]

    def labels(
        self, name: str, levels: Sequence[str] | None = None
    ) -> tuple[list[Hashable], list[Hashable] | None]:
        """Labels and levels, as numbers when all of them are; None where there is no label."""
        kinds: dict[str, Hashable] = {
            cell: None if cell in NO_LABEL else as_number(cell) for cell in set(self.cells[name])
        }
        ranked: list[Hashable] | None = None if levels is None else [as_number(level) for level in levels]
        wanted = ranked if ranked is not None else [kinds[cell] for cell in kinds if cell not in NO_LABEL]
        if any(number is None for number in wanted):
            kinds = {cell: None if cell in NO_LABEL else cell for cell in kinds}
            ranked = None if levels is None else list(levels)
        elif ranked is not None:
            # A label that is no number is left as it is written, so that the table names it.
            kinds = {
                cell: cell if number is None and cell not in NO_LABEL else number
                for cell, number in kinds.items()
            }
        return [kinds[cell] for cell in self.cells[name]], ranked

    def first_word(self, name: str) -> tuple[int, str]:
        """Row, from 1, and text of the first cell that holds something and no number; there must be one."""
        words = {cell for cell in set(self.cells[name]) if cell not in NO_LABEL and as_number(cell) is None}
        return next((row, cell) for row, cell in enumerate(self.cells[name], start=1) if cell in words)

    def numbers(self, name: str) -> FloatArray:
        """(n,) numbers; NaN where the cell is empty or NA. An error names the first cell that is neither."""
        read: dict[str, float] = {}
        for cell in set(self.cells[name]):
            number = float("nan") if cell in NO_LABEL else as_number(cell)
            if number is None:
                raise self.error(
                    f"{cell!r} is not a number", row=self.cells[name].index(cell) + 1, column=name
                )
            read[cell] = float(number)
        return np.array([read[cell] for cell in self.cells[name]], dtype=np.float64)

    def where(self, name: str, cell: str) -> Columns:
        """The rows that hold `cell` in one column; errors still name their lines."""
        kept = [row for row, here in enumerate(self.cells[name]) if here == cell]
        cells = {column: [texts[row] for row in kept] for column, texts in self.cells.items()}
        return Columns(self.source, cells, array("q", [self.line[row] for row in kept]))

    def error(self, reason: str, *, row: int | None = None, column: str | None = None) -> CommandError:
        """One line that says where in the file something is wrong."""
        place = [self.source]
        if row is not None:
            place.append(f"line {self.line[row - 1]}")
        if column is not None:
            place.append(f"column {column}")
        return CommandError(f"{', '.join(place)}: {reason}")

    @contextmanager
    def named(self, columns: Mapping[str, str | None]) -> Iterator[None]:
        """Turn a `Rejected` that names row and field into an error that names line and column.

        ``columns`` maps fields (item, rater, value …) to the file's own names.
        """
        try:
            yield
        except Rejected as error:
            name = columns.get(error.field or "")
            if error.row is None and name is None:
                raise
            raise self.error(error.reason, row=error.row, column=name) from error


def read_columns(
    source: str, wanted: Sequence[str], *, perhaps: Sequence[str] = (), delimiter: str | None = None
) -> Columns:
    """Read the columns named in ``wanted`` from a CSV or TSV file with a header, or from ``-``, standard input.

    Those in ``perhaps`` are read where the file has them.

    UTF-8, with or without a byte order mark. Without ``delimiter`` (a key of `DELIMITERS`, or the character
    itself) it is the one by which the header holds most of the wanted names. Raises `CommandError`.
    """
    shown = "standard input" if source == "-" else source
    try:
        with _opened(source) as lines:
            return _read(lines, shown, list(dict.fromkeys(wanted)), perhaps, delimiter)
    except OSError as error:
        raise CommandError(f"{shown}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{shown}: not UTF-8 text ({error.reason}); save the table as UTF-8") from error


@contextmanager
def _opened(source: str) -> Iterator[TextIO]:
    if source == "-":
        lines = TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield lines
        finally:
            lines.detach()
    else:
        with Path(source).open(encoding="utf-8-sig", newline="") as lines:
            yield lines


def _read(
    lines: TextIO, source: str, wanted: list[str], perhaps: Sequence[str], delimiter: str | None
) -> Columns:
    csv.field_size_limit(_LONGEST_CELL)
    header = lines.readline()
    if not header.strip():
        raise CommandError(f"{source}: empty, or without a header line")
    mark = _delimiter(header, wanted, delimiter)
    names = [name.strip() for name in next(csv.reader([header], delimiter=mark))]
    wanted = [*wanted, *(name for name in perhaps if name in names)]
    places = _places(names, wanted, source)
    rows = csv.reader(lines, delimiter=mark)
    cells: dict[str, list[str]] = {name: [] for name in wanted}
    # One text per distinct cell: a column of a million labels holds a million references.
    filled = [(place, cells[name].append, dict[str, str]().setdefault) for name, place in places.items()]
    begins, bad, width = array("q"), array("q"), len(names)
    before = 0
    try:
        for row in rows:
            if len(row) == width:
                begins.append(before + 2)  # the header is line 1
                for place, append, known in filled:
                    cell = row[place].strip()
                    append(known(cell, cell))
            elif row:
                bad.append(before + 2)
            before = rows.line_num
    except csv.Error as error:
        raise CommandError(f"{source}, line {rows.line_num + 1}: {error}") from error
    if bad:
        raise CommandError(f"{source}: {_bad_lines(bad)} as the header, {width}")
    return Columns(source, cells, begins)


def _delimiter(header: str, wanted: list[str], given: str | None) -> str:
    if given is not None:
        mark = DELIMITERS.get(given, "\t" if given == r"\t" else given)
        if len(mark) != 1:
            raise CommandError(f"--delimiter: {given!r} is neither one character nor {', '.join(DELIMITERS)}")
        return mark

    def fits(mark: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader([header], delimiter=mark))]
        return sum(name in names for name in wanted), len(names)

    return max(DELIMITERS.values(), key=fits)


def _places(names: list[str], wanted: list[str], source: str) -> dict[str, int]:
    missing = [name for name in wanted if name not in names]
    if missing:
        known = ", ".join(names)
        columns = "column" if len(missing) == 1 else "columns"
        raise CommandError(f"{source} has no {columns} {', '.join(missing)}; it has {known}")
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise CommandError(f"{source}: more than one column is called {twice[0]}")
    return {name: names.index(name) for name in wanted}


def _bad_lines(bad: array[int]) -> str:
    if len(bad) == 1:
        return f"line {bad[0]} has not as many cells"
    shown = ", ".join(map(str, bad[:_NAMED_LINES]))
    more = f" and {len(bad) - _NAMED_LINES:,} more" if len(bad) > _NAMED_LINES else ""
    return f"lines {shown}{more} have not as many cells"
