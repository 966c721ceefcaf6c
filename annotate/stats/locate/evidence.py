"""What is known of many traces, in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, FloatArray, IntArray, first_row
from annotate.stats.locate.layout import Layout

NO_ERROR = -1
UNKNOWN = -2
RIGHT, WRONG, UNGRADED = 1, 0, -1
PERSON, JUDGE, VERIFIER = 0, 1, 2
KINDS = ("person", "judge", "verifier")

_EMPTY = np.zeros(0, dtype=np.int64)


R = TypeVar("R", bound="Rows")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Columns of one length whose first is `trace`."""

    trace: IntArray = field(default_factory=lambda: _EMPTY)

    def __len__(self) -> int:
        return len(self.trace)

    def take(self, rows: IntArray | BoolArray) -> Self:
        return replace(self, **{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, slots=True, eq=False)
class Rollouts(Rows):
    """Of `tries` completions from the prefix through `step`, `hits` reached the right answer."""

    step: IntArray = field(default_factory=lambda: _EMPTY)
    hits: IntArray = field(default_factory=lambda: _EMPTY)
    tries: IntArray = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class Reports(Rows):
    """A rater read the whole trace and named the `place` of its first error, `NO_ERROR` for none.

    Several rows of a rater on a trace are several votes; they may contradict each other.
    """

    rater: IntArray = field(default_factory=lambda: _EMPTY)
    place: IntArray = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts(Rows):
    """A rater looked at one step and called it good (0) or bad (1); silence is no row."""

    rater: IntArray = field(default_factory=lambda: _EMPTY)
    step: IntArray = field(default_factory=lambda: _EMPTY)
    bad: IntArray = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class Raters:
    """`kind` (n_raters,) is `PERSON`, `JUDGE` or `VERIFIER`; raters with one `family` number may err together."""

    kind: IntArray
    family: IntArray

    @classmethod
    def of(cls, kind: Sequence[int] | IntArray, family: Sequence[int] | IntArray | None = None) -> Self:
        """Without families every rater is one of its own."""
        kinds = _ints(kind, "kind")
        families = np.arange(len(kinds)) if family is None else _ints(family, "family")
        if len(families) != len(kinds):
            raise Rejected("needs one family per rater", field="family")
        _refuse((kinds < 0) | (kinds >= len(KINDS)), "is no kind of rater", "kind")
        return cls(kinds, families)

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything there is about ``n_traces`` traces; rows are sorted by trace.

    Attributes
    ----------
    length : (n_traces,) int array
    outcome : (n_traces,) int array
        The final answer: `RIGHT`, `WRONG` or `UNGRADED`.
    question_hits, question_tries : (n_traces,) int arrays
        Fresh attempts at the question, and how many were right; their share is its self-confidence SC(q).
    gold : (n_traces,) int array
        Where the first error is known to be, `NO_ERROR`, or `UNKNOWN`.
    n_unknown : int
        Rows left out because they named no place, no verdict or no attempt.
    """

    length: IntArray
    outcome: IntArray
    question_hits: IntArray
    question_tries: IntArray
    gold: IntArray
    raters: Raters
    rollouts: Rollouts
    reports: Reports
    verdicts: Verdicts
    n_unknown: int = 0

    SOURCES: ClassVar[tuple[str, ...]] = ("rollouts", "reports", "verdicts")

    @classmethod
    def of(
        cls,
        length: Sequence[int] | IntArray,
        *,
        raters: Raters | None = None,
        outcome: Sequence[int] | IntArray | None = None,
        question_hits: Sequence[int] | IntArray | None = None,
        question_tries: Sequence[int] | IntArray | None = None,
        gold: Sequence[int] | IntArray | None = None,
        rollouts: Rollouts | None = None,
        reports: Reports | None = None,
        verdicts: Verdicts | None = None,
    ) -> Self:
        """Check the columns and sort the rows. `UNKNOWN` in a report's place or a verdict leaves the row out.

        Raises
        ------
        Rejected
            A trace without steps, a row that points outside, more hits than tries; with row and field.
        """
        lengths = _ints(length, "length")
        _refuse(lengths < 1, "a trace has at least one step", "length")
        n = len(lengths)
        raters = raters or Raters.of([])
        found = cls(
            lengths,
            _per_trace(outcome, n, UNGRADED, "outcome"),
            _per_trace(question_hits, n, 0, "question_hits"),
            _per_trace(question_tries, n, 0, "question_tries"),
            _per_trace(gold, n, UNKNOWN, "gold"),
            raters,
            rollouts or Rollouts(),
            reports or Reports(),
            verdicts or Verdicts(),
        )
        found._check()
        return found._cleaned()

    @property
    def n_traces(self) -> int:
        return len(self.length)

    def layout(self) -> Layout:
        return Layout.of(self.length)

    def take(self, traces: IntArray) -> Self:
        """These traces (ascending), numbered anew."""
        per_trace = {
            name: getattr(self, name)[traces]
            for name in ("length", "outcome", "question_hits", "question_tries", "gold")
        }
        rows = {name: _rows_of(getattr(self, name), traces) for name in self.SOURCES}
        return self._with({**per_trace, **rows})

    def by(self, raters: Raters) -> Self:
        """The same, said by raters of other families."""
        return replace(self, raters=raters)

    def without_gold(self) -> Self:
        return replace(self, gold=np.full(self.n_traces, UNKNOWN))

    def _with(self, columns: Mapping[str, Any], n_unknown: int | None = None) -> Self:
        return replace(self, **columns, n_unknown=self.n_unknown if n_unknown is None else n_unknown)

    def _check(self) -> None:
        _refuse(~np.isin(self.outcome, (RIGHT, WRONG, UNGRADED)), "is no outcome", "outcome")
        _refuse((self.gold < UNKNOWN) | (self.gold >= self.length), "is no step of the trace", "gold")
        _check_counts(self.question_hits, self.question_tries, "question_hits")
        for name in self.SOURCES:
            rows = getattr(self, name)
            sizes = {len(getattr(rows, one.name)) for one in fields(rows)}
            if len(sizes) > 1:
                raise Rejected("columns have different lengths", field=name)
            _refuse((rows.trace < 0) | (rows.trace >= self.n_traces), "there is no such trace", "trace")
            if name != "reports":
                bad = (rows.step < 0) | (rows.step >= self.length[rows.trace])
                _refuse(bad, "is no step of the trace", "step")
            if name != "rollouts":
                _refuse(
                    (rows.rater < 0) | (rows.rater >= len(self.raters)), "there is no such rater", "rater"
                )
        _check_counts(self.rollouts.hits, self.rollouts.tries, "hits")
        place = self.reports.place
        _refuse(
            (place < UNKNOWN) | (place >= self.length[self.reports.trace]), "is no step of the trace", "place"
        )
        _refuse(~np.isin(self.verdicts.bad, (0, 1, UNKNOWN)), "must be 0, 1 or unknown", "bad")

    def _cleaned(self) -> Self:
        kept = {
            "rollouts": self.rollouts.take(self.rollouts.tries > 0),
            "reports": self.reports.take(self.reports.place != UNKNOWN),
            "verdicts": self.verdicts.take(self.verdicts.bad != UNKNOWN),
        }
        lost = sum(len(getattr(self, name)) - len(rows) for name, rows in kept.items())
        ordered = {name: rows.take(np.argsort(rows.trace, kind="stable")) for name, rows in kept.items()}
        return self._with(ordered, n_unknown=lost)


def _rows_of(rows: R, traces: IntArray) -> R:
    begin, end = np.searchsorted(rows.trace, traces), np.searchsorted(rows.trace, traces, side="right")
    counts = end - begin
    owner = np.repeat(np.arange(len(traces)), counts)
    first = np.concatenate([[0], np.cumsum(counts)])[:-1]
    index = begin[owner] + np.arange(len(owner)) - first[owner]
    return replace(rows.take(index), trace=owner)


def _ints(values: Sequence[int] | IntArray, name: str) -> IntArray:
    given: FloatArray = np.asarray(values, dtype=np.float64)
    if given.ndim != 1:
        raise Rejected("must be one column", field=name)
    _refuse(~np.isfinite(given) | (given != np.floor(given)), "must be a whole number", name)
    return given.astype(np.int64)


def _per_trace(values: Sequence[int] | IntArray | None, n: int, default: int, name: str) -> IntArray:
    if values is None:
        return np.full(n, default, dtype=np.int64)
    found = _ints(values, name)
    if len(found) != n:
        raise Rejected("needs one entry per trace", field=name)
    return found


def _check_counts(hits: IntArray, tries: IntArray, name: str) -> None:
    _refuse((hits < 0) | (hits > tries), "must lie between 0 and the tries", name)


def _refuse(bad: BoolArray, reason: str, name: str) -> None:
    if bad.any():
        raise Rejected(reason, row=first_row(bad), field=name)
