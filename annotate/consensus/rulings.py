"""A reviewer's decision stands, whatever the policy (pure).

Every policy is run through :func:`with_rulings`, so that no policy can forget it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from annotate.consensus.contracts import (
    Decide,
    DecideMany,
    Decision,
    Reason,
    Ruling,
    StepEvidence,
    TraceEvidence,
)
from annotate.enums import Action, RaterKind, Tier, Verdict

REVIEWED = Reason("reviewer_decided", "A reviewer decided", Action.KEEP)
OPEN = Reason("reviewer_unsure", "A reviewer could not tell either", Action.DROP)
REASONS = (OPEN, REVIEWED)


def with_rulings(decide: Decide) -> Decide:
    """The rule, with a reviewer's decision in place of its own wherever there is one."""

    return lambda evidence: _ruled_trace(evidence, decide(evidence))


def with_rulings_of_many(decide: DecideMany) -> DecideMany:
    """The same of a rule for many traces at once."""
    return lambda traces: [_ruled_trace(*pair) for pair in zip(traces, decide(traces), strict=True)]


def _ruled_trace(evidence: TraceEvidence, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    return tuple(
        decision if step.ruling is None else ruled(step, step.ruling, evidence.criterion, decision)
        for step, decision in zip(evidence.steps, decisions, strict=True)
    )


def ruled(step: StepEvidence, ruling: Ruling, criterion: str, instead_of: Decision | None = None) -> Decision:
    """What a ruling makes of its step. The labels it went over stay among those that spoke.

    Where the policy gives tiers and probabilities, what a reviewer decided is of the first tier and not in doubt.
    """
    read = instead_of.spoke if instead_of else tuple(v.label for v in step.votes if v.criterion == criterion)
    is_open = ruling.value == Verdict.UNSURE
    reason = OPEN if is_open else REVIEWED
    return Decision(
        action=reason.action,
        value="" if is_open else ruling.value,
        reason=reason.key,
        explanation=_explanation(step, ruling, criterion),
        spoke=(ruling.label, *(label for label in read if label != ruling.label)),
        **({} if instead_of is None or is_open else _certain(ruling.value, instead_of)),
    )


def _certain(value: str, instead_of: Decision) -> dict[str, Any]:
    found: dict[str, Any] = {"tier": Tier.A.value} if instead_of.tier or instead_of.risk is not None else {}
    if instead_of.risk is not None:
        found["risk"] = 0.0
    if instead_of.p_correct is not None:
        found["p_correct"] = float(value != Verdict.BAD)
    return found


def _explanation(step: StepEvidence, ruling: Ruling, criterion: str) -> str:
    people = [v.value for v in step.votes if v.criterion == criterion and v.kind == RaterKind.PERSON]
    told = f"A reviewer decided {ruling.value}"
    if people:
        counts = ", ".join(f"{n} {value}" for value, n in sorted(Counter(people).items()))
        told += f"; people said {counts}"
    return f"{told}. Reason: {ruling.text}" if ruling.text else f"{told}."
