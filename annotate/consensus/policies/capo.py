"""Call a step wrong when all, at least half, or any of a judge's critiques do.

The merges of CAPO (arXiv:2508.02298): k critiques of one judge each list the wrong steps of a trace; a step is wrong
when all k name it (intersection), at least k/2 (majority), or one (union), and right otherwise. Intersection errs on
the side of precision, union on the side of recall.

Ours departs as follows. A critique that stops at its first error has not called later steps right, as CAPO's do: its
silence may mean either, and a step is decided only where the answer is the same whichever it is; else people are
asked. A critique that could not be read is none, and ``min_critiques`` of the trace are needed. After the first wrong
step nothing is assessed unless ``stops_at_first_error`` is off. Critiques of several judges count side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

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
TOO_FEW = Reason("too_few_critiques", "Too few critiques", Action.ASK)
OPEN = Reason("critiques_open", "It depends on critiques that leave the step open", Action.ASK)
WRONG = Reason("called_wrong", "Enough critiques call it wrong", Action.KEEP)
RIGHT = Reason("called_right", "Too few critiques call it wrong", Action.KEEP)


@dataclass(frozen=True, slots=True)
class CapoSettings:
    """``judges`` names whose critiques count; empty: those of every judge.

    ``merge`` says how many critiques must call a step wrong: all, at least half, or one.
    """

    judges: tuple[str, ...] = ()
    merge: Literal["intersection", "majority", "union"] = "majority"
    min_critiques: int = 2
    stops_at_first_error: bool = True

    def __post_init__(self) -> None:
        require(self.min_critiques >= 1, "min_critiques", "must be at least 1.")


def bind(settings: CapoSettings, criterion: str, voters: Sequence[Voter]) -> Decide:
    """Settle whose critiques are meant. Raises ``Rejected`` for an unknown name."""
    judges = those(settings.judges, RaterKind.JUDGE, voters, criterion, "judges")
    return lambda evidence: decide(evidence, settings, judges)


def decide(evidence: TraceEvidence, settings: CapoSettings, judges: Collection[int]) -> tuple[Decision, ...]:
    return walked(
        evidence,
        judges,
        lambda ballot, votes: _merged(ballot, settings, votes),
        stops_at_first_error=settings.stops_at_first_error,
    )


def _merged(ballot: Ballot, settings: CapoSettings, votes: tuple[Vote, ...]) -> Decision:
    if not ballot.count:
        return decision(NO_JUDGE, "No judge has looked at this trace.")
    if ballot.count < settings.min_critiques:
        told = f"{ballot.count} of {settings.min_critiques} wanted critiques."
        return decision(TOO_FEW, told, votes)
    told = f"{ballot.bad} of {ballot.count} critiques call it wrong"
    told += f", {ballot.silent} leave it open." if ballot.silent else "."
    is_wrong = called_wrong(ballot, settings.merge)
    if is_wrong is None:
        return decision(OPEN, told, votes)
    if is_wrong:
        return decision(WRONG, told, votes, Verdict.BAD.value)
    return decision(RIGHT, told, votes, not_bad(ballot.levels))


def called_wrong(ballot: Ballot, merge: str) -> bool | None:
    """CAPO's rule; None where it depends on the critiques that say nothing of the step."""
    needed = {"intersection": ballot.count, "majority": (ballot.count + 1) // 2, "union": 1}[merge]
    if ballot.bad >= needed:
        return True
    return False if ballot.bad + ballot.silent < needed else None


CAPO = Policy(
    name="capo",
    version=1,
    title="Critiques of a judge (intersection, majority, union)",
    settings=CapoSettings,
    reasons=(NO_JUDGE, NOT_TRUSTED, TOO_FEW, OPEN, AFTER_FIRST_ERROR, RIGHT, WRONG),
    bind=bind,
    reads_details=True,
)
