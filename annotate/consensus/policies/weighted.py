"""Votes that count as much as their rater is worth.

The level with the largest sum of weights is kept. ``by`` says what a weight is: ``accuracy``, the share of gold answers
given right, the common choice; ``log_odds``, log((K - 1) q / (1 - q)) of that share q among K levels, at least 0, which
is the best rule for equally likely levels and raters who err at random (Nitzan & Paroush 1982, doi:10.2307/2526438);
``rasch``, between 0 and 1, how far a rater's labels follow what the others' labels of the same step let expect, with
everybody's severity taken out by a many-facet Rasch model: somebody strict but discerning loses nothing by it, and who
answers at random or the wrong way round, as far as can be told, counts for nothing. It needs no gold, but levels in
order.

Where ours departs: an accuracy in ``log_odds`` is (right + 1/2) / (n + 1), so that nobody is infallible. Who has fewer
than ``min_gold`` gold answers is not measured, which is not to be bad: they do not vote, and the explanation says so. A
machine that repeats another counts once. A share of weights is no probability and none is stored.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from annotate.consensus.ballot_box import Voting, decided
from annotate.consensus.columns import Columns, all_votes
from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decide,
    Decision,
    Material,
    Policy,
    Question,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.readings import AFTER_FIRST_ERROR, RECOVERABLE, decision
from annotate.consensus.reliability import Record, copies_told, records
from annotate.enums import Action
from annotate.errors import NotEstimable, Rejected
from annotate.settings import require
from annotate.stats.codes import is_missing
from annotate.stats.rasch.discernment import discernment
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings

UNLABELLED = Reason("no_label", "Nobody labelled it", Action.ASK)
ONLY_UNSURE = Reason("only_unsure", "Nobody gave a clear level", Action.ASK)
UNWEIGHED = Reason("nobody_measured", "No voter has been measured", Action.ASK)
TOO_FEW = Reason("too_few_votes", "Too few measured voters", Action.ASK)
WEIGHTLESS = Reason("no_weight", "No voter does better than chance", Action.ASK)
TIE = Reason("tie", "A tie", Action.ASK)
HEAVIEST = Reason("heaviest", "The heavier votes agree", Action.KEEP)
# Two sums of the same weights in another order differ by less.
_SAME = 1e-9
# More votes than this tell a rater's slope no better, and take the model minutes.
_MOST_RATINGS = 300_000
# Standard errors by which a slope has to lie above 0 to be a weight: a guesser's is a little above it half of the time.
_CLEAR = 3.0


@dataclass(frozen=True, slots=True)
class WeightedSettings:
    """``min_votes`` counts voters with a weight above 0 who gave a clear level.

    ``by``: a vote counts its rater's accuracy on gold, the log-odds of it, or what the Rasch model of all raters gives.
    """

    by: Literal["accuracy", "log_odds", "rasch"] = "accuracy"
    min_gold: int = 10
    min_votes: int = 1
    with_machines: bool = True
    stops_at_first_error: bool = True
    rollout_criterion: str = RECOVERABLE

    def __post_init__(self) -> None:
        require(self.min_gold >= 1, "min_gold", "must be at least 1.")
        require(self.min_votes >= 1, "min_votes", "must be at least 1.")


@dataclass(frozen=True, slots=True)
class Weights:
    """By rater; who is not in it has not been measured, and ``why`` says what is missing."""

    levels: tuple[str, ...] = ()
    of: Mapping[int, float] = field(default_factory=dict)
    copies: Mapping[int, int] = field(default_factory=dict)
    why: str = "Nobody has been measured."


def prepare(settings: WeightedSettings, material: Material) -> Weights:
    """Weigh the raters by what gold or the others say of them, and find copies among the machines."""
    question = material.question
    _, columns, copied = all_votes(settings, material)
    if settings.by == "rasch":
        of, why = rasch_weights(columns.without(copied), question)
    else:
        measured = records(material.gold, question.levels)
        of = {
            rater: _weight(record, settings, len(question.levels))
            for rater, record in measured.items()
            if record.n >= settings.min_gold
        }
        why = f"None has answered {settings.min_gold} steps whose answer is known."
    return Weights(question.levels, of, copied, why)


def _weight(record: Record, settings: WeightedSettings, n_levels: int) -> float:
    if settings.by == "accuracy":
        return record.right / record.n
    q = (record.right + 0.5) / (record.n + 1)
    return max(0.0, math.log((n_levels - 1) * q / (1 - q))) if n_levels > 1 else 0.0


def rasch_weights(columns: Columns, question: Question) -> tuple[dict[int, float], str]:
    """Slopes of the raters, cut to 0..1; nobody and the reason where the model cannot say."""
    if not question.ordered and len(question.levels) > 2:
        return {}, "A Rasch model needs levels in order."
    try:
        ratings = Ratings.from_table(columns.sample(_MOST_RATINGS).table())
        found = discernment(fit_rasch(ratings), ratings=ratings)
    except (NotEstimable, Rejected) as error:
        return {}, f"The Rasch model could not be fitted: {error}"
    slopes = zip(found.elements, found.slope[:, 0].tolist(), found.se[:, 0].tolist(), strict=True)
    of = {
        int(str(rater)): min(1.0, slope) if slope > _CLEAR * se else 0.0
        for rater, slope, se in slopes
        if not (is_missing(slope) or is_missing(se))
    }
    return of, "No rater's labels can be held against others' of the same steps."


def bind(
    settings: WeightedSettings, criterion: str, voters: Sequence[Voter], weights: Weights | None = None
) -> Decide:
    found = weights or Weights()
    lacking = (UNLABELLED, UNWEIGHED, TOO_FEW)
    voting = Voting.among(voters, criterion, settings, found.levels, lacking)
    return lambda evidence: decide(evidence, settings, voting, found, voters)


def decide(
    evidence: TraceEvidence,
    settings: WeightedSettings,
    voting: Voting,
    weights: Weights,
    voters: Sequence[Voter],
) -> tuple[Decision, ...]:
    def weigh(step: StepEvidence, votes: tuple[Vote, ...], levels: dict[int, str]) -> Decision:
        told = copies_told(weights.copies, voters, levels)
        alone = {rater: level for rater, level in levels.items() if rater not in weights.copies}
        return _weighed(votes, alone, settings, weights, told)

    return decided(evidence, voting, weigh)


def _weighed(
    votes: tuple[Vote, ...],
    levels: Mapping[int, str],
    settings: WeightedSettings,
    weights: Weights,
    told: str,
) -> Decision:
    if not votes:
        return decision(UNLABELLED, "No label yet.")
    if not levels:
        return decision(ONLY_UNSURE, f"None of {len(votes)} labels is a clear level.{told}", votes)
    measured = {rater: weights.of[rater] for rater in levels if rater in weights.of}
    if not measured:
        return decision(UNWEIGHED, f"{weights.why}{told}", votes)
    heavy = {rater: weight for rater, weight in measured.items() if weight > 0}
    if not heavy:
        return decision(
            WEIGHTLESS, f"None of {len(measured)} measured voters does better than chance.{told}", votes
        )
    if len(heavy) < settings.min_votes:
        return decision(TOO_FEW, f"{len(heavy)} of {settings.min_votes} wanted voters.{told}", votes)
    sums: dict[str, float] = defaultdict(float)
    for rater, weight in heavy.items():
        sums[levels[rater]] += weight
    most = max(sums.values())
    best = sorted(level for level, weight in sums.items() if weight >= most - _SAME)
    if len(best) > 1:
        return decision(TIE, f"Tied at a weight of {most:.2f}: {', '.join(best)}.{told}", votes)
    unmeasured = len(levels) - len(measured)
    left = f" {unmeasured} not measured." if unmeasured else ""
    share = f"{most:.2f} of a weight of {sum(sums.values()):.2f} say {best[0]}"
    return decision(HEAVIEST, f"{share}, from {len(heavy)} voters.{left}{told}", votes, best[0])


WEIGHTED = Policy(
    name="weighted",
    version=1,
    title="Votes weighted by how good raters are",
    settings=WeightedSettings,
    reasons=(
        UNLABELLED,
        NOT_TRUSTED,
        ONLY_UNSURE,
        UNWEIGHED,
        WEIGHTLESS,
        TOO_FEW,
        TIE,
        AFTER_FIRST_ERROR,
        HEAVIEST,
    ),
    bind=bind,
    prepare=prepare,
)
