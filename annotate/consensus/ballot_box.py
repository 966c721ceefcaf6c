"""Votes of one step for the policies that weigh raters, and the decisions that need no weighing (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decision,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import behind, may_vote, one_each
from annotate.consensus.rulings import ruled
from annotate.enums import Verdict


class VotingSettings(Protocol):
    """What the settings of every policy that weighs raters hold."""

    @property
    def with_machines(self) -> bool: ...
    @property
    def stops_at_first_error(self) -> bool: ...
    @property
    def rollout_criterion(self) -> str: ...


def may_be_heard(voter: Voter, criterion: str, settings: VotingSettings) -> bool:
    """Whether the voter's labels by the criterion can be votes."""
    return criterion in voter.criteria and may_vote(
        voter.kind, criterion, settings.rollout_criterion, with_machines=settings.with_machines
    )


@dataclass(frozen=True, slots=True)
class Voting:
    """Who may vote, and for which levels. ``stops``: nothing behind the first bad step is assessed.

    ``raters`` are settled once, because they are asked for at every vote. ``lacking`` are the reasons that a label set
    aside may be to blame for.
    """

    levels: frozenset[str]
    raters: frozenset[int]
    with_machines: bool
    stops: bool
    lacking: frozenset[str]

    @classmethod
    def among(
        cls,
        voters: Sequence[Voter],
        criterion: str,
        settings: VotingSettings,
        levels: Sequence[str],
        lacking: Sequence[Reason] = (),
    ) -> Voting:
        return cls(
            frozenset(levels),
            frozenset(v.rater for v in voters if may_be_heard(v, criterion, settings)),
            settings.with_machines,
            settings.stops_at_first_error,
            frozenset(reason.key for reason in lacking),
        )

    def votes(self, step: StepEvidence, criterion: str) -> tuple[Vote, ...]:
        return tuple([v for v in step.votes if v.rater in self.raters and v.criterion == criterion])

    def levels_of(self, votes: tuple[Vote, ...]) -> dict[int, str]:
        """By rater; a level that the question does not have is no vote."""
        return {rater: level for rater, level in one_each(votes).items() if level in self.levels}

    def levels_at(self, step: StepEvidence, criterion: str) -> dict[int, str]:
        return self.levels_of(self.votes(step, criterion))


def decided(
    evidence: TraceEvidence,
    voting: Voting,
    weigh: Callable[[StepEvidence, tuple[Vote, ...], dict[int, str]], Decision],
) -> tuple[Decision, ...]:
    """Every step by ``weigh``, which sees it, its votes and each rater's level; rulings and first errors as ever."""
    found: list[Decision] = []
    error: int | None = None
    for position, step in enumerate(evidence.steps):
        votes = voting.votes(step, evidence.criterion)
        if error is not None:
            found.append(behind(error, votes))
            continue
        if step.ruling is not None:
            one = ruled(step, step.ruling, evidence.criterion)
        else:
            one = weigh(step, votes, voting.levels_of(votes))
            one = _with_aside(step, evidence.criterion, one, voting)
        found.append(one)
        if voting.stops and one.value == Verdict.BAD:
            error = position
    return tuple(found)


def _with_aside(step: StepEvidence, criterion: str, decision: Decision, voting: Voting) -> Decision:
    """The decision with a word on votes set aside, which may be why there were too few."""
    left = [s for s in step.set_aside if s.criterion == criterion and voting.with_machines]
    if not left:
        return decision
    told = f"{decision.explanation} Set aside: {'; '.join(map(str, left))}."
    if decision.reason in voting.lacking:
        return replace(decision, action=NOT_TRUSTED.action, reason=NOT_TRUSTED.key, explanation=told)
    return replace(decision, explanation=told)
