"""The public data sets that measures are checked on, as ratings."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any, cast

from annotate.stats.codes import Codes
from annotate.stats.rasch.ratings import Facet, Ratings
from annotate.stats.table import LongTable
from tests.paths import data_file

FOLDER = "measurement_tests"


def rows_of(relative: str) -> list[dict[str, str]]:
    with data_file(relative).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def knox_cube(**more: Any) -> Ratings:
    """35 children (the first facet) by 18 tapping patterns, right or wrong."""
    rows = rows_of(f"{FOLDER}/kct_winsteps/people.csv")
    tried = [
        (row["NAME"].split()[0], item, int(row[f"V{item + 1}"])) for row in rows for item in range(1, 19)
    ]
    return two_facets(tried, "child", "item", **more)


def liking_for_science(**more: Any) -> Ratings:
    """75 pupils (the first facet) by 25 acts: dislike, not sure, like."""
    rows = rows_of(f"{FOLDER}/lfs_ministep/observations.csv")
    given = [(int(row["PUPIL"]), int(row["ACT"]), int(row["OBSERVED"])) for row in rows]
    return two_facets(given, "pupil", "act", levels=(0, 1, 2), **more)


def two_facets(
    given: Sequence[tuple[Any, Any, int]],
    first: str,
    second: str,
    *,
    anchors: Mapping[str, Mapping[Any, float]] | None = None,
    **more: Any,
) -> Ratings:
    known = anchors or {}
    one, other, value = zip(*given, strict=True)
    facets = (
        Facet.of(first, Codes.of(one, field=first), sign=1, anchors=known.get(first)),
        Facet.of(second, Codes.of(other, field=second), anchors=known.get(second), is_random=False),
    )
    return Ratings.of(facets, cast(Sequence[int], value), **more)


def three_mile_island() -> Ratings:
    """Stress of eight groups of mothers in three categories; a row per group and category, weighted by its count."""
    rows = rows_of(f"{FOLDER}/facets_3mile/counts.csv")
    cells = [
        (row["element"], value, int(row[name]))
        for row in rows
        for value, name in enumerate(("low", "medium", "high"))
    ]
    element, value, count = zip(*cells, strict=True)
    return Ratings.of(
        [Facet.of("group", Codes.of(element, field="group"), sign=1)],
        value,
        weight=[float(n) for n in count],
        levels=("low", "medium", "high"),
    )


def long_file(relative: str, *, item: str, rater: str, criterion: str, label: str) -> LongTable:
    rows = rows_of(relative)
    return LongTable.from_columns(
        [row[item] for row in rows],
        [row[rater] for row in rows],
        [int(row[label]) for row in rows],
        criterion=[row[criterion] for row in rows],
        repeats="error",
    )


def wide_file(relative: str) -> LongTable:
    """One row per (person, rater), one column per criterion, empty where nothing was said."""
    cells = []
    for row in rows_of(relative):
        person, rater, *criteria = row
        for criterion in criteria:
            label = row[criterion]
            value = int(float(label)) if label not in {"", "NA"} else None
            cells.append((row[person], row[rater], criterion, value))
    person_column, rater_column, criterion_column, value_column = zip(*cells, strict=True)
    return LongTable.from_columns(
        person_column, rater_column, value_column, criterion=criterion_column, repeats="error"
    )


def sirt_ratings1() -> LongTable:
    return long_file(
        f"{FOLDER}/sirt_ratings1/ratings_long.csv", item="idstud", rater="rater", criterion="it", label="x"
    )
