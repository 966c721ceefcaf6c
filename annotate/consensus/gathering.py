"""Labels of many traces as the evidence that places first errors, in columns of numbers (pure).

What a label is evidence of:

- rollouts are counts, of *recoverable*: `annotate.stats.locate` learns what they say of what is correct. A label
  without counts is one attempt; beside counts of the same rater it was inferred from them and says nothing further.
  Rollouts of the last step grade the answer and are read as its outcome;
- a judge, or a person, who labels every step up to the first bad one, or all of them as not bad, has read the trace:
  one report. A judge's label that was merged from several critiques is as many reports. Whoever leaves a step open
  before that has spoken of single steps;
- a verifier speaks of single steps;
- gold keys, and what reviewers decided, are known answers to learn from where they settle the place. Beyond that keys
  say nothing, as nowhere; what reviewers decided rules places out.

Who contradicts themselves on a step, or is unsure, has left it open.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from annotate.consensus.contracts import GoldReading, StepEvidence, TraceEvidence, Vote
from annotate.consensus.readings import NO_ERROR, is_right
from annotate.enums import RaterKind, Verdict
from annotate.stats.codes import BoolArray, IntArray
from annotate.stats.locate.evidence import (
    RIGHT,
    UNGRADED,
    UNKNOWN,
    WRONG,
    Evidence,
    Raters,
    Reports,
    Rollouts,
    Verdicts,
)
from annotate.stats.locate.layout import Layout

_GOOD, _BAD, _UNSURE = Verdict.GOOD.value, Verdict.BAD.value, Verdict.UNSURE.value
# By place: the level somebody gave, empty where it is open.
Levels = dict[int, str]


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class _Said:
    """What was said of one trace, by rater: ``levels`` of those who read, ``checked`` of verifiers.

    ``samples`` (first errors) and ``spoken`` (levels) are the critiques that a judge's labels were merged from;
    ``counts`` and ``hard`` are rollouts with and without counts, ``hit`` whether any succeeded.
    """

    length: int
    known: Collection[str]
    levels: dict[int, Levels] = field(default_factory=dict)
    checked: dict[int, Levels] = field(default_factory=dict)
    judges: set[int] = field(default_factory=set)
    samples: dict[int, dict[int, set[int]]] = field(default_factory=dict)
    spoken: dict[int, dict[int, Levels]] = field(default_factory=dict)
    counts: dict[int, dict[tuple[int, int, int], None]] = field(default_factory=dict)
    hard: dict[int, Levels] = field(default_factory=dict)
    hit: Levels = field(default_factory=dict)
    passes: tuple[int, int] = (0, 0)

    def read(self, vote: Vote, place: int) -> None:
        if vote.kind is RaterKind.JUDGE:
            self.judges.add(vote.rater)
        for one in vote.critiques:
            if one.first_error is not None:
                places = self.samples.setdefault(vote.rater, {}).setdefault(one.sample, set())
                places.add(one.first_error)
            else:
                levels = self.spoken.setdefault(vote.rater, {}).setdefault(one.sample, {})
                level = one.says if one.says in self.known else ""
                levels[place] = level if levels.get(place, level) == level else ""
        _note(self.levels, vote, place, self.known)

    def roll(self, vote: Vote, place: int) -> None:
        tally = vote.tally
        if tally is not None and tally.pass_known > self.passes[1]:
            self.passes = (tally.pass_hits, tally.pass_known)
        # One success anywhere is a success; other levels say neither.
        if vote.value == _GOOD or (vote.value == _BAD and place not in self.hit):
            self.hit[place] = vote.value
        if place == self.length - 1:
            return
        if tally is not None and tally.known:
            self.counts.setdefault(vote.rater, {})[place, tally.hits, tally.known] = None
        else:
            _note(self.hard, vote, place, (_GOOD, _BAD))

    def attempts(self) -> Iterator[tuple[int, int, int]]:
        """(step, hits, tries); a hard label is one attempt, where its rater counts nowhere."""
        for rows in self.counts.values():
            yield from rows
        for rater, levels in self.hard.items():
            if rater not in self.counts:
                yield from ((at, int(level != _BAD), 1) for at, level in levels.items() if level)


@dataclass(slots=True)
class Gathered:
    """Traces taken in one by one. ``codes`` numbers the raters that are heard, in the order of the fit."""

    codes: Mapping[int, int]
    levels: Collection[str]
    rollout_criterion: str
    with_machines: bool = True
    ids: array[int] = field(default_factory=_column)
    length: array[int] = field(default_factory=_column)
    outcome: array[int] = field(default_factory=_column)
    passes: tuple[array[int], array[int]] = field(default_factory=lambda: (_column(), _column()))
    gold: array[int] = field(default_factory=_column)
    # The same by gold keys alone: which traces have those was not settled by what was said of them.
    keyed: array[int] = field(default_factory=_column)
    # Where rollouts (any success) and every judge that read the trace put the first error alike.
    agreed: array[int] = field(default_factory=_column)
    rollouts: tuple[array[int], ...] = field(default_factory=lambda: tuple(_column() for _ in range(4)))
    reports: tuple[array[int], ...] = field(default_factory=lambda: tuple(_column() for _ in range(3)))
    verdicts: tuple[array[int], ...] = field(default_factory=lambda: tuple(_column() for _ in range(4)))
    # Steps that a reviewer has decided: (trace, step, is bad).
    ruled: tuple[array[int], ...] = field(default_factory=lambda: tuple(_column() for _ in range(3)))
    _awaited: dict[int, list[GoldReading]] = field(default_factory=dict)

    def expect(self, gold: Iterable[GoldReading]) -> None:
        """Readings that do not decide and are learned from: they are taken in with the trace of their step."""
        for one in gold:
            if one.rater in self.codes:
                self._awaited.setdefault(one.step, []).append(one)

    def add(self, trace: TraceEvidence) -> None:
        t, length = len(self.ids), len(trace.steps)
        said = _Said(length, self.levels)
        self._listen(trace, said)
        self.ids.append(trace.trace)
        self.length.append(max(length, 1))
        self.outcome.append(self._outcome(trace))
        for column, count in zip(self.passes, said.passes, strict=True):
            column.append(count)
        rulings = self._settle(t, trace)
        self.agreed.append(
            self._agreed(length, said.hit, [said.levels[one] | rulings for one in said.judges])
        )
        for row in said.attempts():
            _put(self.rollouts, (t, *row))
        for rater, levels in said.levels.items():
            if rater in said.samples or rater in said.spoken:
                self._hear_samples(t, said, rater)
            else:
                self._hear(t, length, self.codes[rater], levels)
        for rater, levels in said.checked.items():
            self._speak(t, self.codes[rater], levels)
        if self._awaited:
            self._recall(t, trace, said.levels)

    def _listen(self, trace: TraceEvidence, said: _Said) -> None:
        codes, criterion, rolled = self.codes, trace.criterion, self.rollout_criterion
        with_machines, rollout, verifier = self.with_machines, RaterKind.ROLLOUT, RaterKind.VERIFIER
        for place, step in enumerate(trace.steps):
            for vote in step.votes:
                if vote.kind is rollout:
                    if vote.criterion == rolled and with_machines:
                        said.roll(vote, place)
                elif vote.criterion == criterion and vote.rater in codes:
                    if vote.kind is verifier:
                        _note(said.checked, vote, place, self.levels)
                    else:
                        said.read(vote, place)

    def _outcome(self, trace: TraceEvidence) -> int:
        last = trace.steps[-1].votes if trace.steps and self.with_machines else ()
        graded = (v for v in last if v.kind is RaterKind.ROLLOUT and v.criterion == self.rollout_criterion)
        right = is_right(trace.outcome, graded)
        return UNGRADED if right is None else RIGHT if right else WRONG

    def _settle(self, t: int, trace: TraceEvidence) -> Levels:
        """Note what is known, by reviewers or else by keys; the levels that reviewers decided."""
        levels: Levels = {}
        rulings: Levels = {}
        keys: Levels = {}
        for place, step in enumerate(trace.steps):
            level = keyed_level(step, trace.criterion, self.levels)
            if level:
                keys[place] = level
            if step.ruling is not None:
                level = step.ruling.value if step.ruling.value in self.levels else ""
                if level:
                    rulings[place] = level
                    _put(self.ruled, (t, place, int(level == _BAD)))
            if level:
                levels[place] = level
        for column, told in ((self.gold, levels), (self.keyed, keys)):
            known = first_error(told, len(trace.steps)) if told else None
            column.append(UNKNOWN if known is None else known)
        return rulings

    def _agreed(self, length: int, hit: Levels, judged: Sequence[Levels]) -> int:
        """The rule of `lessons`: the last step is graded, and every judge has to name the place of the rollouts."""
        if not judged or not hit or self.outcome[-1] == UNGRADED:
            return UNKNOWN
        graded = {length - 1: _GOOD if self.outcome[-1] == RIGHT else _BAD}
        places = {first_error(levels, length) for levels in (hit | graded, *judged)}
        place = places.pop()
        return UNKNOWN if places or place is None else place

    def _hear_samples(self, t: int, said: _Said, rater: int) -> None:
        places, levels = said.samples.get(rater, {}), said.spoken.get(rater, {})
        for sample in sorted(places.keys() | levels.keys()):
            if sample in levels:
                self._hear(t, said.length, self.codes[rater], levels[sample])
            elif len(places[sample]) == 1 and (place := next(iter(places[sample]))) < said.length:
                _put(self.reports, (t, self.codes[rater], place))

    def _hear(self, t: int, length: int, code: int, levels: Levels) -> None:
        place = first_error(levels, length)
        if place is None:
            self._speak(t, code, levels)
        else:
            _put(self.reports, (t, code, place))

    def _speak(self, t: int, code: int, levels: Levels) -> None:
        for place, level in levels.items():
            if level:
                _put(self.verdicts, (t, code, place, int(level == _BAD)))

    def _recall(self, t: int, trace: TraceEvidence, heard: Mapping[int, Levels]) -> None:
        by_rater: dict[int, Levels] = {}
        for place, step in enumerate(trace.steps):
            for one in self._awaited.pop(step.step, ()):
                if one.rater not in heard and one.said in self.levels:
                    levels = by_rater.setdefault(one.rater, {})
                    levels[place] = one.said if levels.get(place, one.said) == one.said else ""
        for rater, levels in by_rater.items():
            self._hear(t, len(trace.steps), self.codes[rater], levels)

    def evidence(self, raters: Raters) -> Evidence:
        return Evidence.of(
            ints(self.length),
            raters=raters,
            outcome=ints(self.outcome),
            question_hits=ints(self.passes[0]),
            question_tries=ints(self.passes[1]),
            gold=ints(self.gold),
            rollouts=Rollouts(*map(ints, self.rollouts)),
            reports=Reports(*map(ints, self.reports)),
            verdicts=Verdicts(*map(ints, self.verdicts)),
        )

    def ruled_out(self, layout: Layout) -> BoolArray:
        """(n_places,) Where the first error cannot be, after what reviewers have decided."""
        found = np.zeros(layout.n_places, dtype=np.bool_)
        for trace, step, bad in zip(*self.ruled, strict=True):
            begin, end = layout.start[trace : trace + 2].tolist()
            if bad:
                found[begin + step + 1 : end] = True
            else:
                found[begin + step] = True
        return found


def first_error(levels: Levels, length: int) -> int | None:
    """The first bad place, ``NO_ERROR`` where all are said not to be, None where a place before that is open."""
    for place in range(length):
        level = levels.get(place)
        if not level:
            return None
        if level == _BAD:
            return place
    return NO_ERROR


def keyed_level(step: StepEvidence, criterion: str, levels: Collection[str]) -> str:
    """What gold keys agree on; empty where there are none, or they differ."""
    keys = {v.value for v in step.votes if v.kind is RaterKind.GOLD and v.criterion == criterion}
    return next(iter(keys)) if len(keys) == 1 and keys <= set(levels) else ""


def _note(said: dict[int, Levels], vote: Vote, place: int, levels: Collection[str]) -> None:
    """Note the level; two that differ, *unsure*, and what the question does not have leave the place open."""
    value = vote.value
    mine = said.get(vote.rater)
    if mine is None:
        mine = said[vote.rater] = {}
    if value == _UNSURE or value not in levels or mine.setdefault(place, value) != value:
        mine[place] = ""


def _put(columns: Sequence[array[int]], row: tuple[int, ...]) -> None:
    for column, value in zip(columns, row, strict=True):
        column.append(value)


def ints(values: array[int]) -> IntArray:
    return np.frombuffer(values, dtype=np.int64).copy() if values else np.empty(0, dtype=np.int64)
