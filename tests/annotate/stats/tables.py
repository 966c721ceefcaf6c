"""Label tables for the tests of the statistics, and alpha by its definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from annotate.stats.table import LongTable

Label = tuple[int, int, float]

# Krippendorff (2011), p. 1: four observers, twelve units, 41 values of which 40 can be paired.
CANONICAL: tuple[tuple[float | None, ...], ...] = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def table_from_matrix(matrix: Sequence[Sequence[float | None]]) -> LongTable:
    """A table from raters x items, None where a rater said nothing."""
    cells = [(item, rater, value) for rater, row in enumerate(matrix) for item, value in enumerate(row)]
    item, rater, value = zip(*cells, strict=True)
    return LongTable.from_columns(item, rater, value)


def table_from_labels(labels: Sequence[Label]) -> LongTable:
    """A table from (item, rater, value) rows."""
    item, rater, value = ([label[place] for label in labels] for place in range(3))
    return LongTable.from_columns(item, rater, value)


def alpha_by_definition(
    labels: Sequence[Label], difference: Callable[[float, float, Sequence[float]], float]
) -> float | None:
    """Alpha from every ordered pair of labels, one at a time; None without variation.

    `difference` is given two values and the list of all pairable values.
    """
    units: dict[int, list[float]] = defaultdict(list)
    for item, _, value in labels:
        units[item].append(value)
    paired = [values for values in units.values() if len(values) > 1]
    pool = [value for values in paired for value in values]
    if len(set(pool)) < 2:
        return None
    observed = sum(
        sum(difference(a, b, pool) for a, b in permutations(values, 2)) / (len(values) - 1)
        for values in paired
    )
    expected = sum(difference(a, b, pool) for a, b in permutations(pool, 2)) / (len(pool) - 1)
    return 1 - observed / expected


def nominal_difference(a: float, b: float, pool: Sequence[float]) -> float:
    return float(a != b)


def ordinal_difference(a: float, b: float, pool: Sequence[float]) -> float:
    low, high = min(a, b), max(a, b)
    between = sum(low <= value <= high for value in pool)
    return (between - (pool.count(a) + pool.count(b)) / 2) ** 2 if a != b else 0.0


def interval_difference(a: float, b: float, pool: Sequence[float]) -> float:
    return (a - b) ** 2


def ratio_difference(a: float, b: float, pool: Sequence[float]) -> float:
    return ((a - b) / (a + b)) ** 2 if a != b else 0.0


def clustered_labels(n_traces: int, n_steps: int, *, seed: int) -> LongTable:
    """Two raters on binary steps; half the traces are hard (they err 45 % of the time, else 2 %).

    The expected share of agreeing pairs is (0.55**2 + 0.45**2 + 0.98**2 + 0.02**2) / 2 = 0.7329.
    """
    rng = np.random.default_rng(seed)
    trace = np.repeat(np.arange(n_traces), n_steps)
    error = np.where(rng.random(n_traces) < 0.5, 0.45, 0.02)[trace]
    truth = rng.integers(2, size=len(trace))
    value = truth ^ (rng.random((2, len(trace))) < error)
    step = np.arange(len(trace))
    return LongTable.from_columns(
        np.tile(step, 2), np.repeat([0, 1], len(step)), value.ravel(), cluster=np.tile(trace, 2)
    )


def table_from_counts(counts: Sequence[Sequence[int]]) -> LongTable:
    """Two raters from a cross table: counts of items by the first's level (rows) and the second's."""
    labels = [
        (f"{row} {column} {number}", rater, level)
        for row, cells in enumerate(counts)
        for column, count in enumerate(cells)
        for number in range(count)
        for rater, level in (("first", row), ("second", column))
    ]
    item, rater, value = zip(*labels, strict=True)
    return LongTable.from_columns(item, rater, value, levels=range(len(counts)))


def table_from_distribution(counts: Sequence[Sequence[int]]) -> LongTable:
    """Labels from counts of raters by item (rows) and level (columns); who they were is not known."""
    labels = [
        (item, rater, level)
        for item, cells in enumerate(counts)
        for rater, level in enumerate(level for level, count in enumerate(cells) for _ in range(count))
    ]
    item, rater, value = zip(*labels, strict=True)
    return LongTable.from_columns(item, rater, value, levels=range(len(counts[0])))
