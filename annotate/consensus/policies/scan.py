"""Labels from rollouts alone, with a margin for their noise before the first lost step.

The rule of SCAN (arXiv:2509.16548): only questions the model mostly solves by itself (pass rate SC at least 0.75). In a
trace with a right answer every step is good, without rollouts. In one with a wrong answer the first step that no
rollout recovers from is bad; the two steps before it get the soft target min(1, MC / SC), earlier ones are good, later
ones are dropped, and so is the whole trace where no step is lost before the last.

Ours departs as follows. It decides whether a step is *recoverable* and refuses to decide anything else: rollouts do not
say whether a step is correct. A soft target is the probability stored with the level good, which stands however low it
is, because a rollout did succeed; hard labels carry no probability. A share needs ``min_rollouts``, for fewer may have
stopped at their first success. The unknown drops the trace, or the one step whose target it is. ``last_step_is_bad``
puts the error at the last step of a wrong trace without a lost one. Classes are not balanced here. ``rollout/denoise``
makes such labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from annotate.consensus.contracts import (
    Decide,
    Decision,
    Policy,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import (
    AFTER_FIRST_ERROR,
    RECOVERABLE,
    behind,
    can_recover,
    decision,
    is_right,
    place,
    the_one,
    votes_of,
)
from annotate.enums import Action, RaterKind, Verdict
from annotate.errors import Rejected
from annotate.settings import require

NO_ROLLOUT = Reason("no_rollout_label", "No rollout label", Action.ASK)
UNMEASURED = Reason("pass_rate_unknown", "How often the question is solved is unknown", Action.DROP)
TOO_HARD = Reason("too_hard", "The question is solved too rarely", Action.DROP)
UNGRADED = Reason("answer_unknown", "The final answer is not graded", Action.DROP)
UNKNOWN = Reason("rollout_unknown", "The rollouts' first error is unknown", Action.DROP)
NO_ZERO = Reason("no_lost_step", "A wrong answer, and no lost step", Action.DROP)
NO_TARGET = Reason("target_unknown", "Too few rollouts for a soft target", Action.DROP)
RIGHT = Reason("right_answer", "The answer is right", Action.KEEP)
LOCATED = Reason("located", "Before or at the first lost step", Action.KEEP)
SOFT = Reason("soft_target", "Right before the lost step, with a soft target", Action.KEEP)


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """``rollout`` names one rater; empty: the only one there is. ``window`` counts the steps with soft targets.

    Problems solved in less than ``min_confidence`` of the attempts are left out.
    """

    rollout: str = ""
    rollout_criterion: str = RECOVERABLE
    min_confidence: float = 0.75
    window: int = 2
    min_rollouts: int = 8
    last_step_is_bad: bool = False

    def __post_init__(self) -> None:
        require(0 < self.min_confidence <= 1, "min_confidence", "must lie in (0, 1].")
        require(self.window >= 0, "window", "must not be negative.")
        require(self.min_rollouts >= 1, "min_rollouts", "must be at least 1.")


@dataclass(frozen=True, slots=True)
class _Source:
    rollout: int | None
    settings: ScanSettings

    def rolled(self, step: StepEvidence) -> tuple[Vote, ...]:
        return votes_of(step, (self.rollout,), self.settings.rollout_criterion)

    def hard(self, step: StepEvidence) -> bool | None:
        """The hard label, or what a reviewer decided in its place."""
        if step.ruling is None:
            return can_recover(self.rolled(step))
        return {Verdict.GOOD.value: True, Verdict.BAD.value: False}.get(step.ruling.value)


def bind(settings: ScanSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Raises ``Rejected`` for another criterion than the rollouts', an unknown name, or an unmade choice."""
    if criterion != settings.rollout_criterion:
        raise Rejected(
            f"rollouts speak of {settings.rollout_criterion} only, so they cannot decide {criterion}.",
            field="criterion",
        )
    source = _Source(the_one(settings.rollout, RaterKind.ROLLOUT, voters, criterion, "rollout"), settings)
    return lambda evidence: decide(evidence, source)


def decide(evidence: TraceEvidence, source: _Source) -> tuple[Decision, ...]:
    found = _read(evidence, source)
    if isinstance(found, int):
        return _located(evidence, source, found)
    reason, told = found
    value = Verdict.GOOD.value if reason.action == Action.KEEP else ""
    return tuple(decision(reason, told, source.rolled(step), value) for step in evidence.steps)


def _read(evidence: TraceEvidence, source: _Source) -> int | tuple[Reason, str]:
    """The place of the lost step, or what is to be said of the whole trace."""
    least = source.settings.min_confidence
    if not any(source.rolled(step) for step in evidence.steps):
        return NO_ROLLOUT, "No rollouts were made from this trace."
    confidence = _pass_rate(evidence, source)
    if confidence is None:
        return UNMEASURED, "The bare question was not attempted."
    if confidence < Fraction(str(least)):
        return (
            TOO_HARD,
            f"{float(confidence):.2f} of the attempts at the question succeed, {least:g} are wanted.",
        )
    return _lost_step(evidence, source)


def _lost_step(evidence: TraceEvidence, source: _Source) -> int | tuple[Reason, str]:
    *earlier, last = evidence.steps
    graded = is_right(evidence.outcome, source.rolled(last))
    if graded is None:
        return UNGRADED, "The final answer is not graded, or two grades differ."
    if graded:
        return RIGHT, "The final answer is right."
    for position, step in enumerate(earlier):
        is_open = source.hard(step)
        if is_open is None:
            return UNKNOWN, f"The rollouts leave {place(position)} open."
        if not is_open:
            return position
    if source.settings.last_step_is_bad:
        return len(earlier)
    return NO_ZERO, "The answer is wrong, and every step before the last was recovered from."


def _pass_rate(evidence: TraceEvidence, source: _Source) -> Fraction | None:
    tallies = [v.tally for step in evidence.steps for v in source.rolled(step) if v.tally is not None]
    most = max(tallies, key=lambda tally: tally.pass_known, default=None)
    return Fraction(most.pass_hits, most.pass_known) if most is not None and most.pass_known else None


def _located(evidence: TraceEvidence, source: _Source, lost: int) -> tuple[Decision, ...]:
    confidence = _pass_rate(evidence, source)
    assert confidence is not None
    decided: list[Decision] = []
    for position, step in enumerate(evidence.steps):
        votes = source.rolled(step)
        if position > lost:
            decided.append(behind(lost, votes))
        elif lost - source.settings.window <= position < lost:
            decided.append(_soft(source, votes, confidence))
        else:
            value = Verdict.BAD if position == lost else Verdict.GOOD
            decided.append(decision(LOCATED, f"The first lost step is {place(lost)}.", votes, value.value))
    return tuple(decided)


def _soft(source: _Source, votes: tuple[Vote, ...], confidence: Fraction) -> Decision:
    tallies = {vote.tally for vote in votes}
    tally = tallies.pop() if len(tallies) == 1 else None
    if tally is None or tally.known < source.settings.min_rollouts:
        return decision(
            NO_TARGET, f"Fewer than {source.settings.min_rollouts} rollouts ended in an answer.", votes
        )
    target = float(min(Fraction(1), Fraction(tally.hits, tally.known) / confidence))
    told = (
        f"{tally.hits} of {tally.known} rollouts succeed, {float(confidence):.2f} of attempts at the question: "
        f"soft target {target:.2f}."
    )
    return replace(decision(SOFT, told, votes, Verdict.GOOD.value), probability=target)


SCAN = Policy(
    name="scan",
    version=2,
    title="Rollouts with a margin for noise",
    settings=ScanSettings,
    reasons=(
        NO_ROLLOUT,
        UNMEASURED,
        TOO_HARD,
        UNGRADED,
        UNKNOWN,
        NO_ZERO,
        NO_TARGET,
        AFTER_FIRST_ERROR,
        LOCATED,
        SOFT,
        RIGHT,
    ),
    bind=bind,
    usual_criterion=RECOVERABLE,
    reads_details=True,
)
