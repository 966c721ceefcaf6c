"""Label each step by the majority of many verifications, without any known answer.

The step-level merge of SPARK (arXiv:2512.03244), the one its best reward model was trained on: a trace is verified many
times over, and a step's label is what most verifications say of it. A tie is unknown.

Ours departs as follows. A verification that leaves a step open, or stopped before it, does not vote on it, and what
could not be read is none; fewer than ``min_verifications`` that speak about a step are too few (the paper's number is
not known to us). What is unknown goes to people. After the first wrong step nothing is assessed unless
``stops_at_first_error`` is off: verifications that go on behind it are those that missed it. Answers of one judge are
not independent, so shares are told in words and are no probability.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decide,
    Decision,
    Policy,
    Reason,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.critiques import Ballot, walked
from annotate.consensus.readings import AFTER_FIRST_ERROR, decision, not_bad, those
from annotate.enums import Action, RaterKind, Verdict
from annotate.settings import require

NO_JUDGE = Reason("no_judge_label", "No judge label", Action.ASK)
TOO_FEW = Reason("too_few_verifications", "Too few verifications speak of it", Action.ASK)
TIE = Reason("tie", "A tie", Action.ASK)
AGREED = Reason("majority", "Most verifications agree", Action.KEEP)


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """``judges`` names whose verifications count; empty: those of every judge."""

    judges: tuple[str, ...] = ()
    min_verifications: int = 2
    stops_at_first_error: bool = True

    def __post_init__(self) -> None:
        require(self.min_verifications >= 1, "min_verifications", "must be at least 1.")


def bind(settings: SparkSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Settle whose verifications are meant. Raises ``Rejected`` for an unknown name."""
    judges = those(settings.judges, RaterKind.JUDGE, voters, criterion, "judges")
    return lambda evidence: decide(evidence, settings, judges)


def decide(evidence: TraceEvidence, settings: SparkSettings, judges: Collection[int]) -> tuple[Decision, ...]:
    return walked(
        evidence,
        judges,
        lambda ballot, votes: _voted(ballot, settings, votes),
        stops_at_first_error=settings.stops_at_first_error,
    )


def _voted(ballot: Ballot, settings: SparkSettings, votes: tuple[Vote, ...]) -> Decision:
    speaking = ballot.good + ballot.bad
    if not ballot.count:
        return decision(NO_JUDGE, "No judge has looked at this trace.")
    if speaking < settings.min_verifications:
        told = f"{speaking} of {settings.min_verifications} wanted verifications speak of this step."
        return decision(TOO_FEW, told, votes)
    if ballot.good == ballot.bad:
        return decision(TIE, f"Tied at {ballot.bad}: bad, not bad.", votes)
    value = Verdict.BAD.value if ballot.bad > ballot.good else not_bad(ballot.levels)
    most = max(ballot.good, ballot.bad)
    return decision(AGREED, f"{most} of {speaking} verifications say {value}.", votes, value)


SPARK = Policy(
    name="spark",
    version=1,
    title="Majority of many verifications",
    settings=SparkSettings,
    reasons=(NO_JUDGE, NOT_TRUSTED, TOO_FEW, TIE, AFTER_FIRST_ERROR, AGREED),
    bind=bind,
    reads_details=True,
)
