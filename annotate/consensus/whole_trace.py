"""One finding about a whole trace, told of each of its steps (pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from annotate.consensus.contracts import Decision, Reason, StepEvidence, TraceEvidence, Vote
from annotate.consensus.readings import NO_ERROR, behind, decision


@dataclass(frozen=True, slots=True)
class Finding:
    """``error`` is the place that was settled, None when none was and the reason says why."""

    reason: Reason
    told: str
    error: int | None = None


def told_of_steps(
    evidence: TraceEvidence,
    finding: Finding,
    spoke: Callable[[StepEvidence], tuple[Vote, ...]],
    value: Callable[[int, StepEvidence], str],
) -> tuple[Decision, ...]:
    """Every step gets the finding's reason; up to a settled place also its value, behind it none."""
    error = finding.error
    decided: list[Decision] = []
    for position, step in enumerate(evidence.steps):
        if error is not None and error != NO_ERROR and position > error:
            decided.append(behind(error, spoke(step)))
        else:
            level = "" if error is None else value(position, step)
            decided.append(decision(finding.reason, finding.told, spoke(step), level))
    return tuple(decided)
