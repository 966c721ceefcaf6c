"""How probable each level is, given what every rater takes for what: the model of Dawid and Skene.

Every rater has a confusion matrix, learnt from all their labels of the criterion together with the probability of every
step's level (Dawid & Skene 1979, doi:10.2307/2346806), or, as ``hierarchical``, drawn from a population of raters (Kim
& Ghahramani 2012; Paun et al. 2018, doi:10.1162/tacl_a_00040), which is better where most raters have few labels.
Raters who answer at random weigh nothing, and who has two levels the wrong way round is read the right way round.
Priors: ``smoothing`` pseudo-labels in every cell and ``diagonal`` more where the label is right; where levels are in
order, ``near`` of those go to each neighbour, ``near`` squared to the next, because good is taken for neutral sooner
than for bad. Gold answers are taken as known while fitting; the decision itself rests on the votes.

Ours departs as follows. A step is kept where its most probable level reaches ``confidence``; the model itself always
has one. Nothing is fitted from fewer than three raters unless ``min_gold`` answers are known, since two who differ
cannot be told apart, nor where raters agree hardly more than by chance, for the model would be sure of chance as well
(``common_ground.py``), and a step with fewer than ``min_votes`` voters goes to people. The model takes raters for
independent given the truth. So a machine that repeats another is counted once, and judges of one base model count as
much as they are found, or assumed, to err by themselves (``annotate.stats.aggregate.kinship``), in the fit and in the
decision; alone they are one rater, and their agreement shows nothing. Likeness of others makes it surer than it should
be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from annotate.consensus.ballot_box import Voting, decided
from annotate.consensus.columns import all_votes
from annotate.consensus.common_ground import lacks_ground
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
from annotate.consensus.reliability import copies_told
from annotate.enums import Action
from annotate.errors import NotEstimable
from annotate.settings import require
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.dawid_skene import DIAGONAL, SMOOTHING, dawid_skene
from annotate.stats.aggregate.dirichlet import expected_log
from annotate.stats.aggregate.evidence import floored_log
from annotate.stats.aggregate.hierarchical import hierarchical
from annotate.stats.aggregate.kinship import Kinship, kinship
from annotate.stats.table import LongTable

UNLABELLED = Reason("no_label", "Nobody labelled it", Action.ASK)
ONLY_UNSURE = Reason("only_unsure", "Nobody gave a clear level", Action.ASK)
UNFITTED = Reason("not_fitted", "The raters cannot be told apart", Action.ASK)
TOO_FEW = Reason("too_few_votes", "Too few votes", Action.ASK)
DOUBTFUL = Reason("not_sure_enough", "No level is probable enough", Action.ASK)
PROBABLE = Reason("probable", "One level is probable enough", Action.KEEP)
_FEWEST_RATERS = 3
_REMEMBERED = 100_000
# How alike relatives are is learnt from no more votes: every two of a family on a step are a pair.
_MOST_COMPARED = 100_000
Verdict = Callable[[tuple[tuple[int, str], ...]], tuple[Reason, str, float, str]]


@dataclass(frozen=True, slots=True)
class DawidSkeneSettings:
    """``smoothing``, ``diagonal`` and ``near`` are the priors of ``dawid_skene``; ``hierarchical`` learns its own.

    A step whose likeliest level has less than ``confidence`` goes to people. ``model``: every rater alone, or all of a
    kind drawn from a common one (``hierarchical``), which helps where raters have few labels.
    """

    model: Literal["dawid_skene", "hierarchical"] = "dawid_skene"
    confidence: float = 0.9
    min_votes: int = 2
    min_gold: int = 10
    smoothing: float = SMOOTHING
    diagonal: float = DIAGONAL
    near: float = 0.3
    with_machines: bool = True
    stops_at_first_error: bool = True
    rollout_criterion: str = RECOVERABLE

    def __post_init__(self) -> None:
        require(0.5 <= self.confidence <= 1, "confidence", "must lie in [0.5, 1].")
        require(self.min_votes >= 1, "min_votes", "must be at least 1.")
        require(self.min_gold >= 1, "min_gold", "must be at least 1.")
        require(self.smoothing > 0, "smoothing", "must be above 0.")
        require(self.diagonal >= 0, "diagonal", "must not be negative.")
        require(0 <= self.near < 1, "near", "must lie in [0, 1).")


@dataclass(frozen=True, slots=True)
class Fitted:
    """``prevalence`` and ``given`` are logarithms, by true level; ``given`` maps (rater, level given) to them.

    ``kin`` says what raters of one family count beside each other; None where nobody has relatives.
    """

    levels: tuple[str, ...] = ()
    prevalence: tuple[float, ...] = ()
    given: Mapping[tuple[int, str], tuple[float, ...]] = field(default_factory=dict)
    copies: Mapping[int, int] = field(default_factory=dict)
    kin: Kinship | None = None
    why: str = "Nothing has been fitted."


def prepare(settings: DawidSkeneSettings, material: Material) -> Fitted:
    """Fit the model to all votes; the numbers that are kept are a few per rater."""
    question = material.question
    voting, columns, copied = all_votes(settings, material)
    columns.add_gold(material.gold, voting.raters)
    unfitted = Fitted(question.levels, copies=copied)
    columns = columns.without(copied)
    family = _families(material.voters, columns.raters)
    n_raters, n_known = len({family.get(rater, rater) for rater in columns.raters}), columns.n_known
    if len(question.levels) < 2:
        return replace(unfitted, why="The question has fewer than two levels.")
    if n_raters < _FEWEST_RATERS and n_known < settings.min_gold:
        told = f"{n_raters} independent raters and {n_known} known answers do not tell who is right."
        return replace(unfitted, why=told)
    if why := lacks_ground(columns, settings.min_gold, family):
        return replace(unfitted, why=why)
    known: dict[Hashable, Hashable] = dict(columns.known.items())
    try:
        some = columns.sample(_MOST_COMPARED).table()
        kin = kinship(some, dict(family.items()), known) if family else None
        table = columns.table()
        fit = _fit(table if kin is None else kin.weighed(table), known, settings, question)
    except NotEstimable as error:
        return replace(unfitted, why=str(error))
    if not fit.converged:
        return replace(unfitted, why=f"The model did not settle: {fit.message}.")
    prevalence = tuple(floored_log(fit.prevalence).tolist())
    return replace(unfitted, prevalence=prevalence, given=_given(fit, question), kin=kin)


def _families(voters: Sequence[Voter], raters: Collection[int]) -> dict[int, str]:
    """Of those who have relatives among the raters."""
    family = {voter.rater: voter.family for voter in voters if voter.family and voter.rater in raters}
    sizes = Counter(family.values())
    return {rater: one for rater, one in family.items() if sizes[one] > 1}


def _fit(
    table: LongTable, known: Mapping[Hashable, Hashable], settings: DawidSkeneSettings, question: Question
) -> AggregateFit:
    if settings.model == "hierarchical":
        return hierarchical(table, known=known)
    return dawid_skene(
        table,
        known=known,
        smoothing=settings.smoothing,
        diagonal=settings.diagonal,
        near=settings.near if question.ordered else 0.0,
    )


def _given(fit: AggregateFit, question: Question) -> dict[tuple[int, str], tuple[float, ...]]:
    """Log-probabilities of a rater's label by true level, as the model's own expectation step takes them."""
    filled = fit.counts + fit.prior
    if fit.method == "hierarchical":
        logs = expected_log(filled)
    else:
        total = filled.sum(axis=2, keepdims=True)
        logs = floored_log(filled / np.maximum(total, np.finfo(np.float64).tiny))
    return {
        (int(str(rater)), level): tuple(logs[row, :, place].tolist())
        for row, rater in enumerate(fit.raters)
        for place, level in enumerate(question.levels)
    }


def bind(
    settings: DawidSkeneSettings, criterion: str, voters: Sequence[Voter], fitted: Fitted | None = None
) -> Decide:
    found = fitted or Fitted()
    lacking = (UNLABELLED, UNFITTED, TOO_FEW)
    voting = Voting.among(voters, criterion, settings, found.levels, lacking)
    # The same votes come again and again.
    verdict = lru_cache(maxsize=_REMEMBERED)(partial(_verdict, settings=settings, fitted=found))
    return lambda evidence: decide(evidence, settings, voting, found, voters, verdict)


def decide(
    evidence: TraceEvidence,
    settings: DawidSkeneSettings,
    voting: Voting,
    fitted: Fitted,
    voters: Sequence[Voter],
    verdict: Verdict,
) -> tuple[Decision, ...]:
    def weigh(step: StepEvidence, votes: tuple[Vote, ...], levels: dict[int, str]) -> Decision:
        told = copies_told(fitted.copies, voters, levels) if fitted.copies else ""
        alone = (
            {r: level for r, level in levels.items() if r not in fitted.copies} if fitted.copies else levels
        )
        return _weighed(votes, alone, settings, fitted, told, verdict)

    return decided(evidence, voting, weigh)


def _weighed(
    votes: tuple[Vote, ...],
    levels: Mapping[int, str],
    settings: DawidSkeneSettings,
    fitted: Fitted,
    told: str,
    verdict: Verdict,
) -> Decision:
    if not votes:
        return decision(UNLABELLED, "No label yet.")
    if not fitted.prevalence:
        return decision(UNFITTED, f"{fitted.why}{told}", votes)
    if not levels:
        return decision(ONLY_UNSURE, f"None of {len(votes)} labels is a clear level.", votes)
    heard = {rater: level for rater, level in levels.items() if (rater, level) in fitted.given}
    if len(heard) < settings.min_votes:
        return decision(TOO_FEW, f"{len(heard)} of {settings.min_votes} wanted votes.{told}", votes)
    reason, level, probability, found = verdict(tuple(heard.items()))
    return decision(reason, f"{found}{told}", votes, level, probability)


def _verdict(
    heard: tuple[tuple[int, str], ...], settings: DawidSkeneSettings, fitted: Fitted
) -> tuple[Reason, str, float, str]:
    """The reason, the level that is kept, its probability, and what is to be said of it."""
    posterior = posterior_of(dict(heard), fitted)
    best = max(range(len(posterior)), key=posterior.__getitem__)
    level, probability = fitted.levels[best], posterior[best]
    said = ", ".join(f"{n} {one}" for one, n in sorted(Counter(level for _, level in heard).items()))
    worth = len(heard) if fitted.kin is None else float(fitted.kin.weights(rater for rater, _ in heard).sum())
    if worth < len(heard) - 0.05:
        said += f" (some of one base model: worth {worth:.1f} votes)"
    if probability < settings.confidence:
        return DOUBTFUL, "", probability, f"Most probable: {level}, at {probability:.3f}, from {said}."
    return PROBABLE, level, probability, f"{level} with probability {probability:.3f}, from {said}."


def posterior_of(levels: Mapping[int, str], fitted: Fitted) -> list[float]:
    """Probabilities of the true levels: the prevalence times what every voter's confusion matrix says."""
    scores = list(fitted.prevalence)
    counts = [1.0] * len(levels) if fitted.kin is None else fitted.kin.weights(levels).tolist()
    for vote, count in zip(levels.items(), counts, strict=True):
        scores = [score + count * log for score, log in zip(scores, fitted.given[vote], strict=True)]
    top = max(scores)
    masses = [math.exp(score - top) for score in scores]
    total = math.fsum(masses)
    return [mass / total for mass in masses]


DAWID_SKENE = Policy(
    name="dawid_skene",
    version=2,
    title="Most probable level (Dawid–Skene)",
    settings=DawidSkeneSettings,
    reasons=(
        UNLABELLED,
        NOT_TRUSTED,
        UNFITTED,
        ONLY_UNSURE,
        TOO_FEW,
        DOUBTFUL,
        AFTER_FIRST_ERROR,
        PROBABLE,
    ),
    bind=bind,
    prepare=prepare,
    gives_risk=True,
)
