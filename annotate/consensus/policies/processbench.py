"""Keep a trace when three of up to five people put the first error at the same place.

How ProcessBench was labelled (arXiv:2412.06559): three experts read a solution, more are added, up to five, until three
agree on the index of the first error (-1: none), and what nobody agrees on is discarded, about 30 %. Solutions with a
wrong answer that were read as free of error are left out as well.

Ours departs as follows. People are taken in the order in which they labelled. A trace that a further reading could
still settle is put to people; it is discarded as soon as none could. A reading that leaves a step before its error open
or unsure has no place and uses up no turn. Steps before the error keep the level most of the agreeing people gave them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
    NO_ERROR,
    first_error_of,
    level_at,
    not_bad,
    place,
)
from annotate.consensus.whole_trace import Finding, told_of_steps
from annotate.enums import Action, Outcome, RaterKind, Verdict
from annotate.settings import require

UNREAD = Reason("no_label", "Nobody has read the trace", Action.ASK)
MORE = Reason("more_readings", "A further reading could settle it", Action.ASK)
APART = Reason("no_agreement", "Too few people agree on the first error", Action.DROP)
CONTRADICTED = Reason("wrong_answer_no_error", "A wrong answer, and people found no error", Action.DROP)
AGREED = Reason("agreed", "Enough people agree on the first error", Action.KEEP)


@dataclass(frozen=True, slots=True)
class ProcessbenchSettings:
    """``agreeing`` people of the first ``most`` who read the trace."""

    agreeing: int = 3
    most: int = 5

    def __post_init__(self) -> None:
        require(self.agreeing >= 1, "agreeing", "must be at least 1.")
        require(self.most >= self.agreeing, "most", "must be at least as many as are to agree.")


def bind(settings: ProcessbenchSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    return lambda evidence: decide(evidence, settings)


def decide(evidence: TraceEvidence, settings: ProcessbenchSettings) -> tuple[Decision, ...]:
    places = _places(evidence, settings.most)
    finding = _settled(evidence, places, settings)
    agreeing = [rater for rater, where in places.items() if where == finding.error]
    return told_of_steps(
        evidence,
        finding,
        spoke=lambda step: _peoples(step, evidence.criterion),
        value=lambda position, step: (
            Verdict.BAD.value
            if position == finding.error
            else not_bad(level_at(step, rater, evidence.criterion) for rater in agreeing)
        ),
    )


def _settled(evidence: TraceEvidence, places: dict[int, int], settings: ProcessbenchSettings) -> Finding:
    counts: Counter[int] = Counter()
    for where in places.values():
        counts[where] += 1
        if counts[where] >= settings.agreeing:
            return _agreed(evidence, where, counts.total(), settings.agreeing)
    told = ", ".join(f"{n} at {place(where)}" for where, n in sorted(counts.items())).replace(
        "at none", "none"
    )
    if not places:
        has_labels = any(_peoples(step, evidence.criterion) for step in evidence.steps)
        if has_labels:
            return Finding(MORE, "No reading places the first error.")
        return Finding(UNREAD, "No person has read this trace.")
    if max(counts.values()) + settings.most - len(places) < settings.agreeing:
        return Finding(APART, f"First error by {len(places)} people: {told}.")
    return Finding(MORE, f"First error by {len(places)} of up to {settings.most} people: {told}.")


def _agreed(evidence: TraceEvidence, where: int, n_read: int, n_agreed: int) -> Finding:
    told = f"{n_agreed} of {n_read} people agree on the first error: {place(where)}."
    if where == NO_ERROR and evidence.outcome == Outcome.WRONG:
        return Finding(CONTRADICTED, f"{told} The final answer is wrong.")
    return Finding(AGREED, told, where)


def _places(evidence: TraceEvidence, most: int) -> dict[int, int]:
    """Where each of the first ``most`` people with a place put the first error."""
    first_label: dict[int, int] = {}
    for step in evidence.steps:
        for vote in _peoples(step, evidence.criterion):
            first_label[vote.rater] = min(vote.label, first_label.get(vote.rater, vote.label))
    in_turn = sorted(first_label, key=first_label.__getitem__)
    placed = ((rater, first_error_of(evidence, rater)) for rater in in_turn)
    return dict([(rater, where) for rater, where in placed if where is not None][:most])


def _peoples(step: StepEvidence, criterion: str) -> tuple[Vote, ...]:
    return tuple(v for v in step.votes if v.kind == RaterKind.PERSON and v.criterion == criterion)


PROCESSBENCH = Policy(
    name="processbench",
    version=1,
    title="Three of five people place the first error alike",
    settings=ProcessbenchSettings,
    reasons=(UNREAD, MORE, APART, CONTRADICTED, AFTER_FIRST_ERROR, AGREED),
    bind=bind,
)
