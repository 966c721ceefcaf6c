"""Take the word of one rater: the one who is right most often on gold, or a named one.

The baseline that every fusion has to beat; no paper's rule. The best rater has the highest share of gold answers given
right, by at least ``min_gold`` of them; more answers win a tie, then the name.

Where nobody has enough gold answers, or the best is not right more often than a blind choice among the levels would be,
nobody is believed and every step goes to people. A named rater is believed unmeasured: that is the user's own choice.
What this rater left open stays open, whatever others say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotate.consensus.ballot_box import Voting, decided, may_be_heard
from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decide,
    Decision,
    Material,
    Policy,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import AFTER_FIRST_ERROR, RECOVERABLE, able, decision, named
from annotate.consensus.reliability import records
from annotate.enums import Action
from annotate.settings import require

UNMEASURED = Reason("nobody_measured", "No rater has enough gold answers", Action.ASK)
CHANCE = Reason("nobody_better_than_chance", "No rater does better than chance on gold", Action.ASK)
SILENT = Reason("best_rater_silent", "The best rater says nothing", Action.ASK)
SAID = Reason("best_rater", "The best rater says so", Action.KEEP)


@dataclass(frozen=True, slots=True)
class BestRaterSettings:
    """``rater`` names whose word is taken; empty: the best on gold, by ``min_gold`` answers or more."""

    rater: str = ""
    min_gold: int = 10
    with_machines: bool = True
    stops_at_first_error: bool = True
    rollout_criterion: str = RECOVERABLE

    def __post_init__(self) -> None:
        require(self.min_gold >= 1, "min_gold", "must be at least 1.")


@dataclass(frozen=True, slots=True)
class Best:
    """Who was found, None with the reason where nobody was; ``told`` says how well they do."""

    levels: tuple[str, ...]
    rater: int | None
    told: str
    reason: Reason = UNMEASURED


def prepare(settings: BestRaterSettings, material: Material) -> Best:
    """Find the best rater of those who may vote."""
    question = material.question
    eligible = {v.rater: v for v in material.voters if may_be_heard(v, question.key, settings)}
    if settings.rater:
        chosen = named(settings.rater, list(eligible.values()), "rater")
        return Best(question.levels, chosen.rater, f"{chosen.name}, who was named")
    measured = {
        rater: record
        for rater, record in records(material.gold, question.levels).items()
        if rater in eligible and record.n >= settings.min_gold
    }
    if not measured:
        return Best(
            question.levels, None, f"Nobody has answered {settings.min_gold} steps whose answer is known."
        )
    best = min(
        measured,
        key=lambda rater: (
            -(measured[rater].accuracy or 0),
            -measured[rater].n,
            eligible[rater].name,
        ),
    )
    told = f"{eligible[best].name}, right on {measured[best].right} of {measured[best].n} gold steps"
    if measured[best].right * len(question.levels) <= measured[best].n:
        return Best(question.levels, None, f"The best is {told}: no better than chance.", CHANCE)
    return Best(question.levels, best, told)


def bind(
    settings: BestRaterSettings, criterion: str, voters: Sequence[Voter], best: Best | None = None
) -> Decide:
    """Raises ``Rejected`` for an unknown name."""
    if settings.rater:
        named(
            settings.rater,
            [v for v in able(voters, criterion) if may_be_heard(v, criterion, settings)],
            "rater",
        )
    found = best or Best((), None, "Nobody has been measured.")
    voting = Voting.among(voters, criterion, settings, found.levels, lacking=(SILENT,))
    return lambda evidence: decide(evidence, voting, found)


def decide(evidence: TraceEvidence, voting: Voting, best: Best) -> tuple[Decision, ...]:
    def weigh(step: StepEvidence, votes: tuple[Vote, ...], levels: dict[int, str]) -> Decision:
        if best.rater is None:
            return decision(best.reason, best.told, votes)
        theirs = tuple(vote for vote in votes if vote.rater == best.rater)
        level = levels.get(best.rater)
        if level is None:
            return decision(SILENT, f"Nothing clear from {best.told}.", theirs)
        return decision(SAID, f"{level} by {best.told}.", theirs, level)

    return decided(evidence, voting, weigh)


BEST_RATER = Policy(
    name="best_rater",
    version=1,
    title="The best rater decides",
    settings=BestRaterSettings,
    reasons=(UNMEASURED, CHANCE, SILENT, NOT_TRUSTED, AFTER_FIRST_ERROR, SAID),
    bind=bind,
    prepare=prepare,
)
