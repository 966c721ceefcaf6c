"""Tables with one column of labels per criterion, turned into one column of labels and one of criteria."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError

from webapp.management.statistics.columns import Columns

LABEL, CRITERION = "label", "criterion"


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """The names given as ``--label k1,k2,k3``; none where there is one column."""

    names: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def melted(self, columns: Columns) -> Columns:
        """A row per label; all that are of one row of the file name its line."""
        times, rows = len(self.names), len(columns.line)
        cells = {
            name: [cell for cell in texts for _ in range(times)]
            for name, texts in columns.cells.items()
            if name not in self.names
        }
        own = [columns.cells[name] for name in self.names]
        cells[LABEL] = [texts[row] for row in range(rows) for texts in own]
        cells[CRITERION] = list(self.names) * rows
        return Columns(
            columns.source, cells, array("q", [line for line in columns.line for _ in range(times)])
        )


def in_one_column(options: Mapping[str, Any]) -> tuple[dict[str, Any], LabelColumns]:
    """The options as if the table were long, and the columns of labels that it has."""
    names = tuple(name.strip() for name in options["label"].split(","))
    if len(names) == 1:
        return dict(options), LabelColumns(())
    if options["criterion"]:
        raise CommandError("--criterion: with several columns of labels each is a criterion")
    taken = {options["item"], options["rater"], options["trials"], options["weight"], options["population"]}
    if len(set(names)) < len(names) or taken & {*names, LABEL, CRITERION}:
        raise CommandError("--label: names of columns must differ from each other and from those in use")
    return {**options, "label": LABEL, "criterion": CRITERION}, LabelColumns(names)
