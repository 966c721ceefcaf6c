"""Keep a trace when rollouts and a judge put the first error at the same step.

The filter of "The Lessons of Developing Process Reward Models" (arXiv:2501.07301): hard rollout labels (any
completion right means the step can still be recovered from), a judge that stops at the first error, and the
whole trace dropped when the two places differ; no error found by both counts as agreement. Steps behind the
first error are not assessed.

Ours departs in two places. What is unknown (an unlabelled step before the first error, an answer nobody could
grade) is never read as "no error": the trace is dropped, and the reason says so. And a trace that one of the two
sources has not looked at is put to people instead of thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decide,
    Decision,
    Policy,
    Reason,
    SetAside,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import NO_ERROR, can_recover, is_right, place, the_one, those
from annotate.enums import Action, RaterKind, Verdict

AGREED = Reason("agreed", "Rollouts and judge agree", Action.KEEP)
NO_JUDGE = Reason("no_judge_label", "No judge label", Action.ASK)
NO_ROLLOUT = Reason("no_rollout_label", "No rollout label", Action.ASK)
JUDGE_UNKNOWN = Reason("judge_unknown", "The judge's first error is unknown", Action.DROP)
ROLLOUT_UNKNOWN = Reason("rollout_unknown", "The rollouts' first error is unknown", Action.DROP)
DIFFER = Reason("first_errors_differ", "Rollouts and judge put the first error apart", Action.DROP)
BEHIND = Reason("after_first_error", "After the first error", Action.DROP)


@dataclass(frozen=True, slots=True)
class LessonsSettings:
    """``judge`` names one rater, ``rollouts`` several. Empty: the only judge, and every rollout rater."""

    judge: str = ""
    rollouts: tuple[str, ...] = ()
    rollout_criterion: str = "recoverable"


@dataclass(frozen=True, slots=True)
class _Sources:
    judge: int | None
    rollouts: frozenset[int]
    criterion: str
    rollout_criterion: str

    def judged(self, step: StepEvidence) -> Vote | None:
        return next((v for v in step.votes if v.rater == self.judge and v.criterion == self.criterion), None)

    def set_aside(self, step: StepEvidence) -> SetAside | None:
        return next(
            (s for s in step.set_aside if s.rater == self.judge and s.criterion == self.criterion), None
        )

    def rolled(self, step: StepEvidence) -> tuple[Vote, ...]:
        return tuple(
            v for v in step.votes if v.rater in self.rollouts and v.criterion == self.rollout_criterion
        )


def bind(settings: LessonsSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Settle whose labels are meant. Raises ``Rejected`` for an unknown name or an unmade choice of judge."""
    sources = _Sources(
        judge=the_one(settings.judge, RaterKind.JUDGE, voters, criterion, "judge"),
        rollouts=those(settings.rollouts, RaterKind.ROLLOUT, voters, settings.rollout_criterion, "rollouts"),
        criterion=criterion,
        rollout_criterion=settings.rollout_criterion,
    )
    return lambda evidence: decide(evidence, sources)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found about a whole trace; ``error`` is the agreed place, None when there is no agreement."""

    reason: Reason
    explanation: str
    error: int | None = None


def decide(evidence: TraceEvidence, sources: _Sources) -> tuple[Decision, ...]:
    finding = _compare(evidence, sources)
    return tuple(_decision(i, step, sources, finding) for i, step in enumerate(evidence.steps))


def _compare(evidence: TraceEvidence, sources: _Sources) -> _Finding:
    if not any(sources.judged(step) for step in evidence.steps):
        aside = next(filter(None, map(sources.set_aside, evidence.steps)), None)
        if aside is not None:
            return _Finding(NOT_TRUSTED, f"{aside}.")
        return _Finding(NO_JUDGE, "No judge has looked at this trace.")
    rollout = rollout_first_error(evidence, sources)
    if rollout is None and not any(sources.rolled(step) for step in evidence.steps):
        return _Finding(NO_ROLLOUT, "No rollouts were made from this trace.")
    judge = judge_first_error(evidence, sources)
    if judge is None:
        return _Finding(JUDGE_UNKNOWN, "The judge left a step before any error open.")
    if rollout is None:
        return _Finding(ROLLOUT_UNKNOWN, "The rollouts left a step, or the final answer, open.")
    if rollout != judge:
        return _Finding(DIFFER, f"First error: {place(rollout)} by rollouts, {place(judge)} by the judge.")
    return _Finding(AGREED, f"Rollouts and judge agree on the first error: {place(judge)}.", judge)


def _decision(position: int, step: StepEvidence, sources: _Sources, finding: _Finding) -> Decision:
    judged = sources.judged(step)
    spoke = tuple(v.label for v in ((judged,) if judged else ()) + sources.rolled(step))
    reason, error = finding.reason, finding.error
    if error is None:
        return Decision(reason.action, "", reason.key, finding.explanation, spoke)
    if error != NO_ERROR and position > error:
        return Decision(BEHIND.action, "", BEHIND.key, f"The first error is at {place(error)}.", spoke)
    # Up to an agreed place every step has a judge's label or a reviewer's ruling, which comes in place of this.
    value = judged.value if judged else ""
    return Decision(reason.action, value, reason.key, finding.explanation, spoke)


def judge_first_error(evidence: TraceEvidence, sources: _Sources) -> int | None:
    """The place of the first step judged bad, ``NO_ERROR`` when all were judged, None when that is open.

    Where a reviewer has decided, that stands for what the judge said.
    """
    for position, step in enumerate(evidence.steps):
        vote = step.ruling or sources.judged(step)
        if vote is None or vote.value == Verdict.UNSURE:
            return None
        if vote.value == Verdict.BAD:
            return position
    return NO_ERROR


def rollout_first_error(evidence: TraceEvidence, sources: _Sources) -> int | None:
    """The first step no completion recovered from, by hard labels pooled; the last step is graded instead.

    The paper found no better threshold than 0.
    """
    *earlier, last = evidence.steps
    for position, step in enumerate(earlier):
        is_open = can_recover(sources.rolled(step))
        if is_open is None:
            return None
        if not is_open:
            return position
    is_graded_right = is_right(evidence.outcome, sources.rolled(last))
    if is_graded_right is None:
        return None
    return NO_ERROR if is_graded_right else len(earlier)


LESSONS = Policy(
    name="lessons",
    version=3,
    title="First errors agree (rollouts and a judge)",
    settings=LessonsSettings,
    reasons=(NO_JUDGE, NOT_TRUSTED, NO_ROLLOUT, JUDGE_UNKNOWN, ROLLOUT_UNKNOWN, DIFFER, BEHIND, AGREED),
    bind=bind,
    also_reads=lambda settings: (settings.rollout_criterion,),
)
