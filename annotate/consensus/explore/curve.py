"""Risk against coverage: what is kept at each risk, how much of it is wrong, and what is left to people (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.consensus.explore.columns import ASK, DROP, NOTHING, Columns
from annotate.consensus.explore.rates import Rate, rates_of
from annotate.consensus.explore.thresholds import HAIR
from annotate.enums import Verdict
from annotate.stats.codes import BoolArray, FloatArray, IntArray

LINE = 40
"""Points of the drawn line, where no two risks are the same."""


@dataclass(frozen=True, slots=True)
class Point:
    """What keeping every step of a risk up to ``risk`` comes to. ``risk`` None: what the run itself keeps.

    ``expected`` is the mean risk of the kept steps that have one, None without any. ``gold`` is how many of the kept
    are wrong by their gold keys, without steps where a kept one's level is not known. ``bad`` are those kept as bad,
    ``first`` the first errors by gold that are kept as such. ``asked`` are the steps that people would have to look at,
    in ``asked_traces`` traces.
    """

    risk: float | None
    kept: int
    expected: float | None
    gold: Rate
    bad: int
    first: Rate
    asked: int
    asked_traces: int
    kept_without_level: int

    def as_json(self) -> dict[str, Any]:
        return {
            "risk": self.risk,
            "kept": self.kept,
            "expected": self.expected,
            "gold": self.gold.as_json(),
            "bad": self.bad,
            "first": self.first.as_json(),
            "asked": self.asked,
            "asked_traces": self.asked_traces,
            "kept_without_level": self.kept_without_level,
        }


@dataclass(frozen=True, slots=True)
class Curve:
    """``points`` by rising risk, empty where the policy gives no risks; ``decided`` is what the run itself keeps.

    ``line`` are points at even distances of coverage, for drawing: risks crowd where most steps are.
    """

    points: tuple[Point, ...]
    decided: Point
    line: tuple[Point, ...] = ()


def curve_of(columns: Columns, thresholds: Sequence[float]) -> Curve:
    """Steps that are kept without a risk, by a reviewer's word for instance, are kept at every risk."""
    gold = _Gold.of(columns)
    decided = _points(columns, gold, [(None, columns.is_kept, columns.action == ASK)])
    if not columns.has_risk.any():
        return Curve((), decided[0])
    risk = np.where(columns.has_risk, columns.risk, np.inf)
    offered = offered_of(columns)
    fixed = columns.is_kept & ~columns.has_risk
    unanswered = (columns.action == ASK) & ~columns.has_risk

    def points(risks: Sequence[float]) -> tuple[Point, ...]:
        sets = []
        for threshold in risks:
            within = offered & (risk <= threshold + HAIR)
            sets.append((threshold, fixed | within, unanswered | (offered & ~within)))
        return tuple(_points(columns, gold, sets))

    return Curve(points(thresholds), decided[0], points(_even(risk[offered])))


def _even(risks: FloatArray) -> list[float]:
    """Risks that keep ever so many more of the offered steps, the largest among them."""
    if not len(risks):
        return []
    at = np.quantile(risks, np.linspace(0, 1, LINE + 1)[1:], method="higher")
    return [float(one) for one in np.unique(at)]


def offered_of(columns: Columns) -> BoolArray:
    """The steps that some risk would keep: those with a risk, but for the ones dropped without a level."""
    return np.asarray(columns.has_risk & ~((columns.action == DROP) & (columns.believed == NOTHING)))


@dataclass(frozen=True, slots=True, eq=False)
class _Gold:
    """The steps with a key: their rows, their traces renumbered, and which of them are first errors."""

    rows: IntArray
    trace: IntArray
    n_traces: int
    first: BoolArray
    judged: BoolArray
    wrong: BoolArray
    found: BoolArray

    @classmethod
    def of(cls, columns: Columns) -> _Gold:
        rows = np.flatnonzero(columns.gold != NOTHING)
        names, trace = np.unique(columns.trace[rows], return_inverse=True)
        bad = columns.code_of(Verdict.BAD)
        first = first_errors(columns)[rows]
        return cls(
            rows,
            trace.astype(np.int64),
            len(names),
            first,
            columns.is_judged[rows],
            columns.is_wrong[rows],
            np.asarray(columns.believed[rows] == bad),
        )

    def counts(self, chosen: Sequence[BoolArray]) -> IntArray:
        """(traces, sets) how many of the chosen rows each trace has."""
        found = np.zeros((self.n_traces, len(chosen)), dtype=np.int64)
        for column, one in enumerate(chosen):
            found[:, column] = np.bincount(self.trace[one], minlength=self.n_traces)
        return found


def first_errors(columns: Columns) -> BoolArray:
    """Which steps are the first errors of their traces by gold: bad, with a key on every step before."""
    bad = columns.code_of(Verdict.BAD)
    if bad == NOTHING or not len(columns):
        return np.zeros(len(columns), dtype=np.bool_)
    starts = np.flatnonzero(np.diff(columns.trace, prepend=-1) != 0)
    stops = (columns.gold == bad) | (columns.gold == NOTHING)
    # The first step of each trace that is bad or has no key.
    row = np.where(stops, np.arange(len(columns)), len(columns))
    first = np.minimum.reduceat(row, starts)
    found = np.zeros(len(columns) + 1, dtype=np.bool_)
    found[first] = True
    return np.asarray(found[:-1] & (columns.gold == bad))


def _points(
    columns: Columns, gold: _Gold, sets: Sequence[tuple[float | None, BoolArray, BoolArray]]
) -> list[Point]:
    bad = columns.code_of(Verdict.BAD)
    on_gold = [kept[gold.rows] for _, kept, _ in sets]
    wrong = rates_of(
        gold.counts([one & gold.wrong for one in on_gold]),
        gold.counts([one & gold.judged for one in on_gold]),
    )
    firsts = gold.counts([gold.first] * len(sets))
    first = rates_of(gold.counts([one & gold.first & gold.found for one in on_gold]), firsts)
    # Where the level of a kept step is not known, gold cannot say how much of all that is kept is wrong.
    unknown = [int((kept & (columns.believed == NOTHING)).sum()) for _, kept, _ in sets]
    nothing = Rate(0, 0, 0, None, None)
    return [
        Point(
            threshold,
            int(kept.sum()),
            _mean(columns.risk[kept & columns.has_risk]),
            nothing if unknown[place] else wrong[place],
            int((kept & (columns.believed == bad)).sum()) if bad != NOTHING else 0,
            nothing if unknown[place] else first[place],
            int(asked.sum()),
            _n_traces(columns.trace[asked]),
            unknown[place],
        )
        for place, (threshold, kept, asked) in enumerate(sets)
    ]


def _mean(risks: FloatArray) -> float | None:
    return float(risks.mean()) if len(risks) else None


def _n_traces(traces: IntArray) -> int:
    """Traces are numbered in order, so that a new one is a change."""
    return int((np.diff(traces, prepend=-1) != 0).sum())
