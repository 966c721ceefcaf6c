"""The critiques of a trace, step by step: several answers of one judge, or one each of several (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from annotate.consensus.contracts import NOT_TRUSTED, Critique, Decision, StepEvidence, TraceEvidence, Vote
from annotate.consensus.readings import NO_ERROR, aside, behind, decision, level_of, votes_of
from annotate.consensus.rulings import ruled
from annotate.enums import RaterKind, Verdict


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the critiques say of one step. ``silent`` of them leave it open: they stopped before, or are unsure."""

    levels: tuple[str, ...]
    silent: int

    @property
    def bad(self) -> int:
        return self.levels.count(Verdict.BAD)

    @property
    def good(self) -> int:
        return len(self.levels) - self.bad

    @property
    def count(self) -> int:
        return len(self.levels) + self.silent


Decider: TypeAlias = Callable[[Ballot, tuple[Vote, ...]], Decision]


def ballots(evidence: TraceEvidence, judges: Collection[int]) -> tuple[Ballot, ...]:
    """One ballot per step over all critiques of the trace.

    A judge's label that was merged from several answers counts as those answers, another as one. An answer that names
    two places for one error, or two levels for one step, says nothing.
    """
    length = len(evidence.steps)
    rows: dict[tuple[int, int], list[set[str]]] = {}
    for position, step in enumerate(evidence.steps):
        for judge, critique in _critiques(step, judges, evidence.criterion):
            row = rows.setdefault((judge, critique.sample), [set() for _ in range(length)])
            if critique.first_error is None:
                row[position].add(critique.says)
            else:
                _lay_out(row, critique.first_error)
    columns = ([row[position] for row in rows.values()] for position in range(length))
    return tuple(_ballot(column) for column in columns)


def walked(
    evidence: TraceEvidence, judges: Collection[int], decide: Decider, *, stops_at_first_error: bool
) -> tuple[Decision, ...]:
    """Step by step what critiques come to, by ``decide``: rulings go first, and behind an error nothing is decided.

    Where no critique speaks because the judges are not trusted, that is said.
    """
    left = aside(evidence, None, RaterKind.JUDGE)
    decided: list[Decision] = []
    error: int | None = None
    for position, (step, ballot) in enumerate(zip(evidence.steps, ballots(evidence, judges), strict=True)):
        votes = votes_of(step, judges, evidence.criterion)
        if error is not None:
            decided.append(behind(error, votes))
            continue
        if step.ruling is not None:
            one = ruled(step, step.ruling, evidence.criterion)
        elif not ballot.count and left is not None:
            one = decision(NOT_TRUSTED, f"{left}.", votes)
        else:
            one = decide(ballot, votes)
        decided.append(one)
        if stops_at_first_error and one.value == Verdict.BAD:
            error = position
    return tuple(decided)


def _critiques(step: StepEvidence, judges: Collection[int], criterion: str) -> list[tuple[int, Critique]]:
    found: list[tuple[int, Critique]] = []
    for judge in judges:
        votes = votes_of(step, (judge,), criterion)
        several = [one for vote in votes for one in vote.critiques]
        if several:
            found.extend((judge, one) for one in several)
        elif votes:
            found.append((judge, Critique(-1, says=level_of(votes))))
    return found


def _lay_out(row: list[set[str]], error: int) -> None:
    """A first error says good of every step before it, bad of its own, and nothing of those behind."""
    for position, levels in enumerate(row):
        if error == NO_ERROR or position < error:
            levels.add(Verdict.GOOD.value)
        elif position == error:
            levels.add(Verdict.BAD.value)


def _ballot(column: list[set[str]]) -> Ballot:
    said = [next(iter(levels)) if len(levels) == 1 else "" for levels in column]
    levels = tuple(level for level in said if level and level != Verdict.UNSURE)
    return Ballot(levels, len(column) - len(levels))
