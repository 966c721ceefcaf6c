"""What a statistic answers on the command line: one JSON object, or tables and sentences to read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` for programs; ``parts`` for people: tables from `grid`, and sentences in plain text."""

    data: Mapping[str, Any]
    parts: Sequence[Table | str] = field(default_factory=tuple)

    def as_json(self) -> str:
        """One line. What is not defined is null: JSON has no NaN and no infinity."""
        return json.dumps(_plain(self.data), allow_nan=False)

    def show(self, console: Console) -> None:
        if not console.is_terminal:
            # A table that goes into a file is as wide as its text, not as an imagined screen.
            console.width = _WIDEST
        for part in self.parts:
            console.print(part, markup=False)


def grid(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table: the first column to the left, the others, which are numbers, to the right."""
    table = Table(title=Text(title), title_justify="left", box=SIMPLE, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(figure(cell)) for cell in row))
    return table


def figure(cell: object, *, digits: int = 4) -> str:
    """A cell in words: counts with separators, measures with four digits, a dash for what is not defined."""
    if cell is None or (isinstance(cell, (float, np.floating)) and math.isnan(cell)):
        return "–"
    if isinstance(cell, (bool, str)):
        return str(cell)
    if isinstance(cell, (int, np.integer)):
        return f"{cell:,}"
    return f"{cell:.{digits}f}" if isinstance(cell, (float, np.floating)) else str(cell)


def _plain(value: Any) -> Any:
    """Arrays as lists, numpy's numbers as Python's, NaN and infinity as None, keys as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
