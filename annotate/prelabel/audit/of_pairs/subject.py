"""A pair under audit, and what is known of it besides the judge's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from annotate.enums import Outcome
from annotate.prelabel.audit.of_pairs.checks import same_preferred
from annotate.prelabel.audit.of_pairs.reading import OTHER, SIDES, Better, PairReading, Side, read, scale_of
from annotate.prelabel.audit.probe import Check, Skipped, Subject
from annotate.prelabel.contracts import Finding, PairTask


@dataclass(frozen=True, slots=True)
class Truth:
    """``better`` is what the gold key says or, where it says nothing, that a right answer beats a wrong one.

    ``source`` says which of the two. ``right`` and ``wrong`` are the sides whose final answer is graded so.
    """

    better: Better | None
    source: str
    right: tuple[Side, ...]
    wrong: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class PairSubject(Subject):
    task: PairTask
    truth: Truth
    settings: Mapping[str, Any]
    votes: int = 4

    @property
    def plain(self) -> PairTask:
        return replace(self.task, left_outcome=None, right_outcome=None, preference_hint=None)

    @property
    def flaw(self) -> str:
        return "" if all(text.strip() for text in self.texts) else "one of the two is empty"

    @property
    def texts(self) -> tuple[str, ...]:
        return self.task.left, self.task.right

    @property
    def better_side(self) -> Side | Skipped:
        """The side known to be better than the other, or why there is none."""
        if self.truth.better is None:
            return Skipped("neither a gold label nor the outcomes say which of the two is better")
        return Skipped("the two are known to be equal") if self.truth.better == "tie" else self.truth.better

    def text(self, side: Side) -> str:
        return self.task.left if side == "left" else self.task.right

    def with_text(self, side: Side, text: str) -> PairTask:
        """The pair with another text on one side, and the other side as it is."""
        return self.placed(side, text, self.text(OTHER[side]))

    def placed(self, side: Side, text: str, other: str) -> PairTask:
        """``text`` on ``side`` and ``other`` on the other one."""
        left, right = (text, other) if side == "left" else (other, text)
        return replace(self.plain, left=left, right=right)

    def read(self, finding: Finding) -> PairReading:
        return read(finding, scale_of(self.settings, self.task.criterion))

    def unmoved(self) -> Check:
        return same_preferred()


def pair_subject(task: PairTask, settings: Mapping[str, Any], votes: int) -> PairSubject:
    return PairSubject(task, truth_of(task, settings), settings, votes)


def truth_of(task: PairTask, settings: Mapping[str, Any]) -> Truth:
    outcomes = (task.left_outcome, task.right_outcome)
    right, wrong = (
        tuple(side for side, outcome in zip(SIDES, outcomes, strict=True) if outcome == wanted)
        for wanted in (Outcome.RIGHT, Outcome.WRONG)
    )
    by_gold = scale_of(settings, task.criterion).get(task.preference_hint or "")
    if by_gold is not None:
        return Truth(by_gold, "gold label", right, wrong)
    return Truth(right[0] if right and wrong else None, "right beside wrong", right, wrong)
