"""The votes of all traces as columns of numbers, for models that are fitted to everything at once (pure).

Millions of votes fit in memory this way: three numbers each. What is wanted of them is small, so they are let go after
the fit.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from annotate.consensus.ballot_box import Voting, VotingSettings
from annotate.consensus.contracts import GoldReading, Material, StepEvidence, TraceEvidence
from annotate.consensus.reliability import Copies
from annotate.enums import RaterKind
from annotate.stats.codes import BoolArray, IntArray
from annotate.stats.table import LongTable


@dataclass(slots=True)
class Columns:
    """One entry per vote; ``known`` maps steps to the place of the level their gold key gives."""

    levels: tuple[str, ...]
    step: array[int] = field(default_factory=lambda: array("q"))
    rater: array[int] = field(default_factory=lambda: array("q"))
    level: array[int] = field(default_factory=lambda: array("q"))
    known: dict[int, int] = field(default_factory=dict)
    _place: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._place = {level: place for place, level in enumerate(self.levels)}

    def add(self, step: int, levels: dict[int, str]) -> None:
        self.step.extend([step] * len(levels))
        self.rater.extend(levels)
        self.level.extend([self._place[level] for level in levels.values()])

    def read(
        self,
        traces: Iterable[TraceEvidence],
        levels_of: Callable[[StepEvidence, str], dict[int, str]],
        copies: Copies,
    ) -> None:
        """Take in every trace. Gold keys become known answers, where they agree."""
        for trace in traces:
            for step in trace.steps:
                levels = levels_of(step, trace.criterion)
                self.add(step.step, levels)
                copies.add(levels)
                self._know(step, trace.criterion)

    def add_gold(self, gold: Sequence[GoldReading], raters: Iterable[int]) -> None:
        """Take in readings of gold and exam traces, which are not among what is decided, once each."""
        eligible, seen = set(raters), self._votes_on({one.step for one in gold})
        fresh: dict[tuple[int, int], set[str]] = {}
        for one in gold:
            if one.right in self.levels:
                self.known[one.step] = self.levels.index(one.right)
            key = (one.step, one.rater)
            if one.rater in eligible and one.said in self.levels and key not in seen:
                fresh.setdefault(key, set()).add(one.said)
        for (step, rater), said in fresh.items():
            if len(said) == 1:
                self.add(step, {rater: said.pop()})

    def _votes_on(self, steps: set[int]) -> set[tuple[int, int]]:
        here = np.isin(self._array(self.step), list(steps))
        return set(
            zip(self._array(self.step)[here].tolist(), self._array(self.rater)[here].tolist(), strict=True)
        )

    def sample(self, most: int) -> Columns:
        """Steps drawn by lot, with all their votes, so that at most ``most`` votes are left.

        The lot is a step's own: steps of traces of one length stand in their numbers at even distances, and whoever
        took every fourth of them would read first steps only.
        """
        if len(self.step) <= most:
            return self
        steps, place, n_votes = np.unique(self._array(self.step), return_inverse=True, return_counts=True)
        order = np.argsort(_lots(steps), kind="stable")
        is_drawn = np.zeros(len(steps), dtype=np.bool_)
        is_drawn[order[np.cumsum(n_votes[order]) <= most]] = True
        return self._where(is_drawn[place])

    def without(self, raters: Iterable[int]) -> Columns:
        """The votes of everybody else."""
        return self._where(~np.isin(self._array(self.rater), list(raters)))

    @property
    def n_known(self) -> int:
        """Steps with votes whose answer is known."""
        return len(set(self.known) & set(np.unique(self._array(self.step)).tolist()))

    @property
    def raters(self) -> set[int]:
        return set(np.unique(self._array(self.rater)).tolist())

    def table(self) -> LongTable:
        """The votes as the table that statistics read; its levels are their places in the question's order."""
        return LongTable.from_columns(
            item=self._array(self.step),
            rater=self._array(self.rater),
            value=self._array(self.level),
            levels=range(len(self.levels)),
        )

    def _where(self, left: BoolArray) -> Columns:
        kept = Columns(self.levels, known=self.known)
        for name in ("step", "rater", "level"):
            setattr(kept, name, array("q", self._array(getattr(self, name))[left].tobytes()))
        return kept

    def _know(self, step: StepEvidence, criterion: str) -> None:
        keys = {v.value for v in step.votes if v.kind is RaterKind.GOLD and v.criterion == criterion}
        if len(keys) == 1 and keys <= set(self.levels):
            self.known[step.step] = self.levels.index(keys.pop())

    def codes(self, name: Literal["step", "rater", "level"]) -> IntArray:
        """One column; not to be kept while votes are added."""
        return self._array(getattr(self, name))

    @staticmethod
    def _array(values: array[int]) -> IntArray:
        return np.frombuffer(values, dtype=np.int64) if values else np.empty(0, dtype=np.int64)


def _lots(numbers: IntArray) -> npt.NDArray[np.uint64]:
    """A number that looks like chance for every number, always the same (the finish of SplitMix64)."""
    found = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)
    return found ^ (found >> np.uint64(31))


def all_votes(
    settings: VotingSettings,
    material: Material,
    noted: Callable[[TraceEvidence], TraceEvidence] = lambda trace: trace,
) -> tuple[Voting, Columns, dict[int, int]]:
    """Who may vote, all their votes, and who repeats whom: what every policy that weighs raters begins with.

    ``noted`` sees every trace that goes by.
    """
    question = material.question
    voting = Voting.among(material.voters, question.key, settings, question.levels)
    machines = (voter.rater for voter in material.voters if voter.kind != RaterKind.PERSON)
    columns, copies = Columns(question.levels), Copies(machines)
    columns.read(map(noted, material.evidence()), voting.levels_at, copies)
    return voting, columns, copies.found()
