"""Known measures from a file: a row per element, or per step of a scale."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

from django.core.management.base import CommandError

from webapp.management.statistics.columns import read_columns

FACETS = ("item", "rater", "criterion")
THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Anchors:
    """``measures[facet][element]`` in logits; ``thresholds[scale]`` a number for every step, lowest first.

    ``groups[facet][name][element]`` are measures of which only the mean over the group is held.
    """

    measures: dict[str, dict[Hashable, float]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[Hashable, float]]] = field(default_factory=dict)
    thresholds: dict[Hashable, list[float]] = field(default_factory=dict)


def read_anchors(source: str) -> Anchors:
    """Columns facet (item, rater, criterion or threshold), element and measure.

    Rows of the facet ``threshold`` name a scale (``all`` where there is one) and stand in the order of its steps. Where
    there is a column group and something in it, the element is held by the mean of that group.
    Raises `CommandError` with the line.
    """
    columns = read_columns(source, ["facet", "element", "measure"], perhaps=["group"])
    measure = columns.numbers("measure")
    groups = columns.cells.get("group", [""] * len(measure))
    found = Anchors()
    for row, (facet, element) in enumerate(
        zip(columns.cells["facet"], columns.cells["element"], strict=True)
    ):
        known = float(measure[row])
        if math.isnan(known):
            raise columns.error("there is no measure", row=row + 1, column="measure")
        if groups[row] and facet in FACETS:
            mine = found.groups.setdefault(facet, {}).setdefault(groups[row], {})
            if mine.setdefault(element, known) != known:
                raise columns.error(f"{element} has another measure above", row=row + 1, column="element")
        elif facet == THRESHOLD:
            found.thresholds.setdefault(element, []).append(known)
        elif facet not in FACETS:
            names = ", ".join((*FACETS, THRESHOLD))
            raise columns.error(f"{facet!r} is none of {names}", row=row + 1, column="facet")
        elif found.measures.setdefault(facet, {}).setdefault(element, known) != known:
            raise columns.error(f"{element} has another measure above", row=row + 1, column="element")
    if not len(measure):
        raise CommandError(f"{columns.source}: there is no anchor")
    return found
