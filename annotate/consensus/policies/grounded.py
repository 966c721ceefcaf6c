"""Keep a step when tools and the final answer, fused, say what a judge wrote about it.

The filter of GroundedPRM (arXiv:2510.14942): a path of N steps with tool verdicts v = +1 or -1 and a final grade F = +1
or -1 has the value V = (1/N) sum over i = 1..N of v_i (N - i)/N + F/N, so that early steps weigh more and the last one
counts by its grade alone. A step is kept when the sign of its value is that of the verdict in the written reflection.

Ours departs as follows. A trace that is there has one path and no tree: the value of a step is that of the path from it
to the end, and nothing is passed up from siblings. Verifiers have three answers, where the paper's falls back on a
model: what no tool could check may be +1 or -1, and so may an answer nobody graded. A sign counts only where it is the
same whichever they are; else the value is unknown and the step is dropped. Of several verifiers one refutation
outweighs any support. A value of exactly 0 has no sign and agrees with nothing. Steps that a judge left out because it
stopped at its first error are not assessed.
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
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import (
    AFTER_FIRST_ERROR,
    aside,
    behind,
    decision,
    is_right,
    level_at,
    the_one,
    those,
    votes_of,
)
from annotate.enums import Action, RaterKind, Verdict

NO_JUDGE = Reason("no_judge_label", "No judge label", Action.ASK)
NO_TOOL = Reason("no_verifier_label", "No verifier has looked at the trace", Action.ASK)
UNKNOWN = Reason("value_unknown", "The sign of the fused value is unknown", Action.DROP)
ZERO = Reason("value_zero", "The fused value has no sign", Action.DROP)
DIFFER = Reason("signs_differ", "Fused value and judge differ", Action.DROP)
AGREED = Reason("agreed", "Fused value and judge agree", Action.KEEP)


@dataclass(frozen=True, slots=True)
class GroundedSettings:
    """``judge`` names one rater, ``verifiers`` several. Empty: the only judge, and every verifier."""

    judge: str = ""
    verifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sources:
    judge: int | None
    verifiers: frozenset[int]

    def judged(self, step: StepEvidence, criterion: str) -> tuple[Vote, ...]:
        return votes_of(step, (self.judge,), criterion)

    def checked(self, step: StepEvidence, criterion: str) -> tuple[Vote, ...]:
        return votes_of(step, self.verifiers, criterion)


def bind(settings: GroundedSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Settle whose labels are meant. Raises ``Rejected`` for an unknown name or an unmade choice of judge."""
    sources = _Sources(
        judge=the_one(settings.judge, RaterKind.JUDGE, voters, criterion, "judge"),
        verifiers=those(settings.verifiers, RaterKind.VERIFIER, voters, criterion, "verifiers"),
    )
    return lambda evidence: decide(evidence, sources)


def decide(evidence: TraceEvidence, sources: _Sources) -> tuple[Decision, ...]:
    criterion = evidence.criterion
    verdicts = [_verdict(step, sources.checked(step, criterion)) for step in evidence.steps]
    graded = is_right(evidence.outcome, ())
    final = 0 if graded is None else 1 if graded else -1
    left = aside(evidence, None if sources.judge is None else (sources.judge,), RaterKind.JUDGE)
    has_tools = any(sources.checked(step, criterion) for step in evidence.steps)
    decided: list[Decision] = []
    error: int | None = None
    for position, step in enumerate(evidence.steps):
        judged = sources.judged(step, criterion)
        spoke = judged + sources.checked(step, criterion)
        level = level_at(step, sources.judge, criterion)
        if not level and error is not None and not judged:
            decided.append(behind(error, spoke))
        elif not level and left is not None and not judged:
            decided.append(decision(NOT_TRUSTED, f"{left}.", spoke))
        elif not level:
            decided.append(decision(NO_JUDGE, "The judge leaves this step open.", spoke))
        elif not has_tools:
            decided.append(decision(NO_TOOL, "No verifier has looked at this trace.", spoke))
        else:
            low, high = value_bounds(verdicts[position:], final)
            decided.append(_compared(low, high, len(verdicts) - position, level, spoke))
        if error is None and level == Verdict.BAD:
            error = position
    return tuple(decided)


def value_bounds(verdicts: Sequence[int], final: int) -> tuple[int, int]:
    """The least and greatest N² V of a path, for whatever the unknown ones (0) may be; both the same without any."""
    n = len(verdicts)
    terms = [(verdict, n - i) for i, verdict in enumerate(verdicts, start=1)] + [(final, n)]
    known = sum(sign * weight for sign, weight in terms)
    open_by = sum(weight for sign, weight in terms if sign == 0)
    return known - open_by, known + open_by


def _verdict(step: StepEvidence, votes: tuple[Vote, ...]) -> int:
    """What tools, or a reviewer in their place, say of a step: +1, -1, or 0 where that is unknown."""
    levels = {step.ruling.value} if step.ruling is not None else {vote.value for vote in votes}
    levels.discard(Verdict.UNSURE)
    levels.discard("")
    if Verdict.BAD in levels:
        return -1
    return 1 if levels else 0


def _compared(low: int, high: int, n: int, level: str, spoke: tuple[Vote, ...]) -> Decision:
    if low == high == 0:
        return decision(ZERO, "The verdicts and the grade cancel out.", spoke)
    if low <= 0 <= high:
        told = f"The value lies between {low / n**2:.2f} and {high / n**2:.2f}: too much is unchecked."
        return decision(UNKNOWN, told, spoke)
    known = f"{low / n**2:+.2f}" if low == high else f"between {low / n**2:+.2f} and {high / n**2:+.2f}"
    if (low > 0) == (level != Verdict.BAD):
        return decision(AGREED, f"The value is {known}, and the judge says {level}.", spoke, level)
    return decision(DIFFER, f"The value is {known}, but the judge says {level}.", spoke)


GROUNDED = Policy(
    name="grounded",
    version=1,
    title="Tools and the final answer agree with a judge",
    settings=GroundedSettings,
    reasons=(NO_JUDGE, NOT_TRUSTED, NO_TOOL, UNKNOWN, ZERO, DIFFER, AFTER_FIRST_ERROR, AGREED),
    bind=bind,
)
