"""What sources say about a trace: who is meant, what somebody said of a step, where they put the first error (pure).

Shared by the policies, which do not import each other. Nothing here turns the unknown into an answer: an open step, a
rater who contradicts themselves on one step, and an answer that nobody graded are None, or the empty text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from annotate.consensus.contracts import Decision, Reason, SetAside, StepEvidence, TraceEvidence, Vote, Voter
from annotate.enums import Action, Outcome, RaterKind, Verdict
from annotate.errors import Rejected

NO_ERROR = -1
# The criterion that rollouts speak of, as the presets of rubrics call it.
RECOVERABLE = "recoverable"
# A plain text: this is asked of every vote, and comparing with an enum takes several times as long.
_UNSURE = Verdict.UNSURE.value
# All that a rollout can find out: another level of its criterion says neither.
_TOLD = frozenset({Verdict.GOOD.value, Verdict.BAD.value})
AFTER_FIRST_ERROR = Reason("after_first_error", "After the first error", Action.DROP)
# Gold is what raters are measured against, and probes only rank steps.
_NEVER_VOTE = (RaterKind.GOLD, RaterKind.PROBE, RaterKind.REVIEW)


def able(voters: Sequence[Voter], criterion: str) -> list[Voter]:
    """Who may be meant at all: a probe only ranks steps, so its labels place no error."""
    return [v for v in voters if criterion in v.criteria and v.kind != RaterKind.PROBE]


def named(name: str, among: Sequence[Voter], field: str) -> Voter:
    """The voter of that name; ``Rejected`` lists those there are."""
    for voter in among:
        if voter.name == name:
            return voter
    known = ", ".join(v.name for v in among) or "nobody"
    raise Rejected(f"{name} has no such labels here; these have: {known}.", field=field)


def the_one(name: str, kind: RaterKind, voters: Sequence[Voter], criterion: str, field: str) -> int | None:
    """The rater of that name, or the only one of the kind; ``Rejected`` where that leaves a choice."""
    among = able(voters, criterion)
    if name:
        return named(name, among, field).rater
    ones = [v for v in among if v.kind == kind]
    if len(ones) > 1:
        names = ", ".join(v.name for v in ones)
        raise Rejected(f"{len(ones)} {kind}s have labelled here. Choose one of {names}.", field=field)
    return ones[0].rater if ones else None


def those(
    names: Sequence[str], kind: RaterKind, voters: Sequence[Voter], criterion: str, field: str
) -> frozenset[int]:
    """The raters of these names, or all of the kind where none is named."""
    among = able(voters, criterion)
    if names:
        return frozenset(named(name, among, field).rater for name in names)
    return frozenset(v.rater for v in among if v.kind == kind)


def may_vote(kind: RaterKind, criterion: str, rollout_criterion: str, *, with_machines: bool = True) -> bool:
    """Whether labels of such raters can be votes: rollouts speak of one criterion only, whatever they were put to."""
    if kind in _NEVER_VOTE or (kind == RaterKind.ROLLOUT and criterion != rollout_criterion):
        return False
    return with_machines or kind == RaterKind.PERSON


def votes_of(step: StepEvidence, raters: Collection[int | None], criterion: str) -> tuple[Vote, ...]:
    return tuple(v for v in step.votes if v.rater in raters and v.criterion == criterion)


def level_of(votes: Iterable[Vote]) -> str:
    """The level one rater gave a step; empty where there is none, it is *unsure*, or two of theirs differ."""
    levels = {vote.value for vote in votes}
    level = levels.pop() if len(levels) == 1 else ""
    return "" if level == Verdict.UNSURE else level


def one_each(votes: Iterable[Vote]) -> dict[int, str]:
    """By rater, in the order of their first label: the level they gave. Who said nothing clear is left out."""
    votes = tuple(votes)
    levels = {vote.rater: vote.value for vote in votes}
    if len(levels) == len(votes):
        return {rater: level for rater, level in levels.items() if level and level != _UNSURE}
    by_rater: dict[int, list[Vote]] = {}
    for vote in votes:
        by_rater.setdefault(vote.rater, []).append(vote)
    settled = {rater: level_of(theirs) for rater, theirs in by_rater.items()}
    return {rater: level for rater, level in settled.items() if level}


def first_error_of(evidence: TraceEvidence, rater: int | None) -> int | None:
    """The place of the first step this rater calls bad, ``NO_ERROR`` when all are said not to be, None when open.

    Where a reviewer has decided, that stands for what the rater said.
    """
    for position, step in enumerate(evidence.steps):
        level = level_at(step, rater, evidence.criterion)
        if not level:
            return None
        if level == Verdict.BAD:
            return position
    return NO_ERROR


def level_at(step: StepEvidence, rater: int | None, criterion: str) -> str:
    """What this rater says of the step, or a reviewer in their place."""
    if step.ruling is not None:
        return "" if step.ruling.value == Verdict.UNSURE else step.ruling.value
    return level_of(votes_of(step, (rater,), criterion))


def can_recover(votes: Iterable[Vote]) -> bool | None:
    """The hard label of rollouts: one success anywhere is a success. None where none says good or bad."""
    said = {vote.value for vote in votes} & _TOLD
    return Verdict.GOOD in said if said else None


def is_right(outcome: str | None, votes: Iterable[Vote]) -> bool | None:
    """Grades of the final answer that came with the trace and from rollouts; two that differ are no grade.

    Only good and bad are grades.
    """
    grades = {vote.value == Verdict.GOOD for vote in votes if vote.value in _TOLD}
    if outcome in (Outcome.RIGHT, Outcome.WRONG):
        grades.add(outcome == Outcome.RIGHT)
    return grades.pop() if len(grades) == 1 else None


def place(position: int) -> str:
    return "none" if position == NO_ERROR else f"step {position + 1}"


def not_bad(levels: Iterable[str]) -> str:
    """The level most chose of those that call no error; in a tie the later by name, so *neutral* before *good*."""
    counts = Counter(level for level in levels if level and level != Verdict.BAD)
    return max(counts, key=lambda level: (counts[level], level), default=Verdict.GOOD.value)


def aside(evidence: TraceEvidence, raters: Collection[int] | None, kind: RaterKind) -> SetAside | None:
    """The first label that does not count because its rater is not trusted; ``raters`` None means all of the kind."""
    for step in evidence.steps:
        for one in step.set_aside:
            is_meant = one.kind == kind if raters is None else one.rater in raters
            if is_meant and one.criterion == evidence.criterion:
                return one
    return None


def decision(
    reason: Reason, told: str, votes: Iterable[Vote] = (), value: str = "", probability: float | None = None
) -> Decision:
    spoke = tuple([vote.label for vote in votes])
    return Decision(reason.action, value, reason.key, told, spoke, probability)


def behind(error: int, votes: Iterable[Vote] = ()) -> Decision:
    """A step after the first error, which nobody is to assess."""
    return decision(AFTER_FIRST_ERROR, f"The first error is at {place(error)}.", votes)
