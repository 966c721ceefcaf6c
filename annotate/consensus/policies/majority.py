"""Keep the level most raters chose for a step; a tie goes to people.

Plurality over the labels that count, as SPARK does over machine verifications (arXiv:2512.03244) and ProcessBench
over people (arXiv:2412.06559). *Unsure* does not vote. Gold labels do not vote either: they are what raters are
measured against. Nor do probes, which only rank steps. What a reviewer decided stands in place of the votes. The share
of votes is told in words and stored as no probability: raters are neither independent nor equally good, so it is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from annotate.consensus.rulings import ruled
from annotate.enums import Action, RaterKind, Verdict
from annotate.errors import Rejected

AGREED = Reason("majority", "Most raters agree", Action.KEEP)
UNLABELLED = Reason("no_label", "Nobody labelled it", Action.ASK)
ONLY_UNSURE = Reason("only_unsure", "Everybody was unsure", Action.ASK)
TOO_FEW = Reason("too_few_votes", "Too few votes", Action.ASK)
TIE = Reason("tie", "A tie", Action.ASK)
BEHIND = Reason("after_first_error", "After the first error", Action.DROP)
_NEVER = (RaterKind.GOLD, RaterKind.PROBE)


@dataclass(frozen=True, slots=True)
class MajoritySettings:
    """``with_machines`` lets judges, rollouts and verifiers vote beside people."""

    min_votes: int = 1
    with_machines: bool = False
    stops_at_first_error: bool = True

    def __post_init__(self) -> None:
        if self.min_votes < 1:
            raise Rejected("must be at least 1.", field="min_votes")


def bind(settings: MajoritySettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    return lambda evidence: decide(evidence, settings)


def decide(evidence: TraceEvidence, settings: MajoritySettings) -> tuple[Decision, ...]:
    decisions: list[Decision] = []
    error: int | None = None
    for position, step in enumerate(evidence.steps):
        votes = _votes(step, evidence.criterion, settings)
        if error is not None:
            decisions.append(_behind(votes, error))
            continue
        if step.ruling is not None:
            decision = ruled(step, step.ruling, evidence.criterion)
        else:
            decision = _without(_aside(step, evidence.criterion, settings), _counted(votes, settings))
        decisions.append(decision)
        if settings.stops_at_first_error and decision.value == Verdict.BAD:
            error = position
    return tuple(decisions)


def _votes(step: StepEvidence, criterion: str, settings: MajoritySettings) -> tuple[Vote, ...]:
    return tuple(v for v in step.votes if v.criterion == criterion and _may_vote(v.kind, settings))


def _aside(step: StepEvidence, criterion: str, settings: MajoritySettings) -> tuple[SetAside, ...]:
    return tuple(s for s in step.set_aside if s.criterion == criterion and _may_vote(s.kind, settings))


def _without(aside: tuple[SetAside, ...], decision: Decision) -> Decision:
    """The decision with a word on the votes that were set aside, which may be why there were too few."""
    if not aside:
        return decision
    told = f"{decision.explanation} Set aside: {'; '.join(map(str, aside))}."
    if decision.reason in (UNLABELLED.key, TOO_FEW.key):
        return replace(decision, action=NOT_TRUSTED.action, reason=NOT_TRUSTED.key, explanation=told)
    return replace(decision, explanation=told)


def _may_vote(kind: RaterKind, settings: MajoritySettings) -> bool:
    return kind == RaterKind.PERSON or (settings.with_machines and kind not in _NEVER)


def _behind(votes: tuple[Vote, ...], error: int) -> Decision:
    explanation = f"The first error is at step {error + 1}."
    return Decision(BEHIND.action, "", BEHIND.key, explanation, tuple(v.label for v in votes))


def _counted(votes: tuple[Vote, ...], settings: MajoritySettings) -> Decision:
    spoke = tuple(v.label for v in votes)
    counts = Counter(v.value for v in votes if v.value != Verdict.UNSURE).most_common()
    said = sum(n for _, n in counts)
    if not votes:
        return Decision(UNLABELLED.action, "", UNLABELLED.key, "No label yet.")
    if not counts:
        return Decision(ONLY_UNSURE.action, "", ONLY_UNSURE.key, f"All {len(votes)} were unsure.", spoke)
    if said < settings.min_votes:
        return Decision(
            TOO_FEW.action, "", TOO_FEW.key, f"{said} of {settings.min_votes} wanted votes.", spoke
        )
    value, most = counts[0]
    if len(counts) > 1 and counts[1][1] == most:
        tied = ", ".join(sorted(v for v, n in counts if n == most))
        return Decision(TIE.action, "", TIE.key, f"Tied at {most}: {tied}.", spoke)
    return Decision(AGREED.action, value, AGREED.key, f"{most} of {said} votes say {value}.", spoke)


MAJORITY = Policy(
    name="majority",
    version=2,
    title="Most raters agree",
    settings=MajoritySettings,
    reasons=(UNLABELLED, NOT_TRUSTED, ONLY_UNSURE, TOO_FEW, TIE, BEHIND, AGREED),
    bind=bind,
)
