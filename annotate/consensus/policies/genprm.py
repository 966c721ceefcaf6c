"""Keep a trace when relative progress and a judge label every step alike.

The filter of GenPRM (arXiv:2504.00891): a step's relative progress is P = MC after it / MC before it, before the first
step the pass rate of the question; it is labelled 1 where P is at least 0.8, and after the first 0 everything is 0. The
trace is kept when these labels equal the judge's (there a model that also runs code) on every step. The last step is
graded: MC after it is 1 or 0. About half of the traces are dropped.

Ours departs as follows. Steps after the first 0 are not assessed instead of called wrong. Rollouts that did not end in
an answer are in no share; fewer than ``min_rollouts`` are too few to divide, since counts that stopped at the first
success flatter the step (the paper draws 32 to 128). What is unknown on either side before a difference drops the trace
with that reason, and a trace one side has not looked at goes to people. ``rollout/relative`` makes such counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decide,
    Decision,
    Policy,
    Reason,
    StepEvidence,
    Tally,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import (
    AFTER_FIRST_ERROR,
    NO_ERROR,
    RECOVERABLE,
    aside,
    is_right,
    level_at,
    place,
    the_one,
    votes_of,
)
from annotate.consensus.whole_trace import Finding, told_of_steps
from annotate.enums import Action, RaterKind, Verdict
from annotate.settings import require

AGREED = Reason("agreed", "Relative progress and judge agree", Action.KEEP)
NO_JUDGE = Reason("no_judge_label", "No judge label", Action.ASK)
NO_ROLLOUT = Reason("no_rollout_label", "No rollout label", Action.ASK)
JUDGE_UNKNOWN = Reason("judge_unknown", "The judge leaves a step open", Action.DROP)
PROGRESS_UNKNOWN = Reason("progress_unknown", "The relative progress is unknown", Action.DROP)
DIFFER = Reason("labels_differ", "Relative progress and judge differ on a step", Action.DROP)


@dataclass(frozen=True, slots=True)
class GenprmSettings:
    """``judge`` and ``rollout`` name one rater each. Empty: the only one there is.

    A step is good that keeps at least ``epsilon`` of the chance of success.
    """

    judge: str = ""
    rollout: str = ""
    rollout_criterion: str = RECOVERABLE
    epsilon: float = 0.8
    min_rollouts: int = 8

    def __post_init__(self) -> None:
        require(0 < self.epsilon <= 1, "epsilon", "must lie in (0, 1].")
        require(self.min_rollouts >= 1, "min_rollouts", "must be at least 1.")


@dataclass(frozen=True, slots=True)
class _Sources:
    judge: int | None
    rollout: int | None
    settings: GenprmSettings

    def rolled(self, step: StepEvidence) -> tuple[Vote, ...]:
        return votes_of(step, (self.rollout,), self.settings.rollout_criterion)

    def judged(self, step: StepEvidence, criterion: str) -> tuple[Vote, ...]:
        return votes_of(step, (self.judge,), criterion)


def bind(settings: GenprmSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Settle whose labels are meant. Raises ``Rejected`` for an unknown name or an unmade choice."""
    by = settings.rollout_criterion
    sources = _Sources(
        judge=the_one(settings.judge, RaterKind.JUDGE, voters, criterion, "judge"),
        rollout=the_one(settings.rollout, RaterKind.ROLLOUT, voters, by, "rollout"),
        settings=settings,
    )
    return lambda evidence: decide(evidence, sources)


def decide(evidence: TraceEvidence, sources: _Sources) -> tuple[Decision, ...]:
    return told_of_steps(
        evidence,
        _compare(evidence, sources),
        spoke=lambda step: sources.judged(step, evidence.criterion) + sources.rolled(step),
        value=lambda position, step: level_at(step, sources.judge, evidence.criterion),
    )


def _compare(evidence: TraceEvidence, sources: _Sources) -> Finding:
    if not any(sources.judged(step, evidence.criterion) for step in evidence.steps):
        left = aside(evidence, None if sources.judge is None else (sources.judge,), RaterKind.JUDGE)
        if left is not None:
            return Finding(NOT_TRUSTED, f"{left}.")
        return Finding(NO_JUDGE, "No judge has looked at this trace.")
    if not any(sources.rolled(step) for step in evidence.steps):
        return Finding(NO_ROLLOUT, "No rollouts were made from this trace.")
    labels = progress_labels(evidence, sources)
    for position, (step, is_good) in enumerate(zip(evidence.steps, labels, strict=False)):
        level = level_at(step, sources.judge, evidence.criterion)
        if is_good is None:
            return Finding(PROGRESS_UNKNOWN, f"The relative progress of {place(position)} is unknown.")
        if not level:
            return Finding(JUDGE_UNKNOWN, f"The judge leaves {place(position)} open.")
        if is_good != (level != Verdict.BAD):
            said = "good" if is_good else "bad"
            return Finding(
                DIFFER, f"{place(position).capitalize()} is {said} by progress, {level} by the judge."
            )
    error = len(labels) - 1 if labels[-1] is False else NO_ERROR
    return Finding(AGREED, f"Progress and judge agree on every step; first error: {place(error)}.", error)


def progress_labels(evidence: TraceEvidence, sources: _Sources) -> list[bool | None]:
    """Labels by relative progress, up to the first that is 0 or unknown."""
    *earlier, last = evidence.steps
    epsilon = Fraction(str(sources.settings.epsilon))
    before = _pass_rate(evidence, sources)
    labels: list[bool | None] = []
    for step in earlier:
        after = _share(_tally(sources.rolled(step)), sources.settings.min_rollouts)
        labels.append(after / before >= epsilon if before and after is not None else None)
        if not labels[-1]:
            return labels
        before = after
    graded = is_right(evidence.outcome, sources.rolled(last))
    labels.append(None if graded is None or not before else int(graded) / before >= epsilon)
    return labels


def _tally(votes: Sequence[Vote]) -> Tally | None:
    """Two labels of one rater with different counts are no count."""
    tallies = {vote.tally for vote in votes}
    return tallies.pop() if len(tallies) == 1 else None


def _share(tally: Tally | None, least: int) -> Fraction | None:
    return Fraction(tally.hits, tally.known) if tally is not None and tally.known >= least else None


def _pass_rate(evidence: TraceEvidence, sources: _Sources) -> Fraction | None:
    """Of the bare problem, from the label that counts most attempts; None where none were made, or none was right."""
    tallies = [v.tally for step in evidence.steps for v in sources.rolled(step) if v.tally is not None]
    most = max(tallies, key=lambda tally: tally.pass_known, default=None)
    return Fraction(most.pass_hits, most.pass_known) if most is not None and most.pass_known else None


GENPRM = Policy(
    name="genprm",
    version=2,
    title="Every step agrees (relative progress and a judge)",
    settings=GenprmSettings,
    reasons=(
        NO_JUDGE,
        NOT_TRUSTED,
        NO_ROLLOUT,
        JUDGE_UNKNOWN,
        PROGRESS_UNKNOWN,
        DIFFER,
        AFTER_FIRST_ERROR,
        AGREED,
    ),
    bind=bind,
    also_reads=lambda settings: (settings.rollout_criterion,),
    reads_details=True,
)
