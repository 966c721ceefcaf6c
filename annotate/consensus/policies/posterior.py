"""What all signals together say of every place the first error can have.

For a verdict (good or bad, and what lies between): rollouts as counts, judges' and people's readings, verifiers'
verdicts, the final answer and the question's pass rate, in the model of `annotate.stats.locate`, fitted by empirical
Bayes to the project's own labels. Where rollouts and judges agree exactly a step is of tier A, as `lessons` keeps it;
where the risk, the probability that the most probable of good, first error and behind it is wrong, is low enough, of
tier B; what is too uncertain for a level is a soft target, P(correct), in tier C; the rest, tier D, is put to people.

How much risk is kept is learnt where gold allows: a fixed half of the traces with known answers is kept from the fit,
and the threshold is the largest at which, on that half, no more than ``error`` is kept and wrong (``conformal``: in
expectation, of all steps, kept or not; ``certified``: of those kept, nine times in ten). Otherwise it is
``keep_below``, and the run says why. Reviewers decide about traces that were picked for being disputed: these are
learned from, and show no threshold.

For other criteria, and for a verdict whose steps behind the first error are decided too (``stops_at_first_error``
off), step by step the pool of models of raters in `annotate.stats.aggregate.fused`, which holds one with every rater's
severity where levels are in order. The same thresholds, tiers B to D.

Whoever is below the project's gate is left out, as everywhere: the gate rests on questions whose right answer cannot be
read off these labels (whether a judge can be talked into a verdict), so the model could not find out. All others are
weighed, not judged: a guesser's table says nothing, a flipped one is read the other way round, judges of one base model
and votes of one judge count as much as they are found, or assumed, to err by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from django.utils.translation import gettext_lazy

from annotate.consensus.contracts import (
    Decide,
    DecideMany,
    Kept,
    Material,
    Policy,
    Question,
    Voter,
)
from annotate.consensus.gathering import Gathered, ints
from annotate.consensus.guarantee import (
    Guarantee,
    Method,
    fewest_gold,
    guarantee_of,
    is_held_out,
    without,
)
from annotate.consensus.located import Located, heard_voters, raters_of
from annotate.consensus.pooled import Pooled, pooled
from annotate.consensus.pooled import bind_many as bind_many_by_pool
from annotate.consensus.readings import RECOVERABLE
from annotate.consensus.tiers import REASONS, Thresholds, agreed_steps, decided
from annotate.enums import Verdict
from annotate.settings import require
from annotate.stats.locate.decide import BEHIND, true_statuses
from annotate.stats.locate.evidence import UNKNOWN, Evidence
from annotate.stats.locate.fit import LocationFit, locate
from annotate.stats.locate.model import Model
from annotate.stats.locate.stored import as_json


@dataclass(frozen=True, slots=True)
class PosteriorSettings:
    """``error`` is what the guarantee promises, ``keep_below`` the risk that is kept without one; ``soft_below`` ends
    the soft targets, from ``drop_above`` on nobody is asked. ``audit_share`` of the traces are read by people whatever
    is believed of them; 0 does without.

    With ``stops_at_first_error`` steps behind the first error are not assessed; without, every step is decided by
    itself from what was said of it, with no place of a first error and without rollouts, and the run keeps no fit.
    """

    guarantee: Method = field(
        default="conformal",
        metadata={
            "help": gettext_lazy(
                "conformal: on average no more than the error is kept and wrong, as a share of all steps; of the"
                " kept alone more may be wrong, the more the fewer are kept. certified: of the kept steps no more"
                " than the error is wrong, nine times in ten; it needs more gold. none: nothing is promised."
            )
        },
    )
    error: float = 0.02
    keep_below: float = 0.02
    soft_below: float = 0.2
    drop_above: float = 1.0
    audit_share: float = 0.03
    with_machines: bool = True
    stops_at_first_error: bool = True
    rollout_criterion: str = RECOVERABLE
    seed: int = 0

    def __post_init__(self) -> None:
        require(0 < self.error < 0.5, "error", "must lie between 0 and 0.5.")
        require(0 <= self.keep_below <= 0.5, "keep_below", "must lie in [0, 0.5].")
        require(self.keep_below <= self.soft_below <= 1, "soft_below", "must lie in [keep_below, 1].")
        require(self.soft_below <= self.drop_above <= 1, "drop_above", "must lie in [soft_below, 1].")
        is_share = self.audit_share == 0 or 0.02 <= self.audit_share <= 0.05
        require(is_share, "audit_share", "must be 0, or lie between 0.02 and 0.05.")


@dataclass(frozen=True, slots=True)
class Learned:
    """One of the two, by what the criterion asks, and the threshold in force."""

    located: Located | None
    pool: Pooled | None
    guarantee: Guarantee


def is_of_first_errors(question: Question, settings: PosteriorSettings) -> bool:
    """Whether the criterion says good and bad of steps up to an error, and what rollouts speak of is another."""
    is_verdict = {Verdict.GOOD, Verdict.BAD} <= set(question.levels)
    return is_verdict and settings.stops_at_first_error and question.key != settings.rollout_criterion


def prepare(settings: PosteriorSettings, material: Material) -> Learned:
    """Read everything once, fit, and settle the threshold."""
    question = material.question
    if not is_of_first_errors(question, settings):
        pool, guarantee = pooled(settings, material)
        return Learned(None, pool, guarantee)
    voters = heard_voters(material.voters, question.key, with_machines=settings.with_machines)
    ids, raters = raters_of(voters)
    blank = LocationFit(Model.assumed(raters), 0, 0, (), ())
    located = Located(blank, ids, question.levels, settings.rollout_criterion, settings.with_machines)
    gathered = Gathered(located.codes, question.levels, settings.rollout_criterion, settings.with_machines)
    gathered.expect(material.gold)
    for trace in material.evidence():
        gathered.add(trace)
    if not len(gathered.ids):
        return Learned(
            located, None, without(settings.guarantee, settings.keep_below, settings.error, "no trace")
        )
    evidence = gathered.evidence(raters)
    held, reason = _held_out(settings, gathered, evidence)
    seen = np.where(np.isin(np.arange(evidence.n_traces), held), UNKNOWN, evidence.gold)
    located = replace(located, fit=locate(replace(evidence, gold=seen), seed=settings.seed))
    if reason or not located.is_learned:
        told = reason or "nothing was learned"
        return Learned(located, None, without(settings.guarantee, settings.keep_below, settings.error, told))
    return Learned(located, None, _on_held_out(settings, located, gathered, evidence, held))


def _held_out(
    settings: PosteriorSettings, gathered: Gathered, evidence: Evidence
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], str]:
    """The gold traces that are kept from the fit; none, and why."""
    none = np.zeros(0, dtype=np.int64)
    gold = np.flatnonzero((evidence.gold != UNKNOWN) & (ints(gathered.keyed) != UNKNOWN))
    needed = fewest_gold(settings.guarantee, settings.error)
    if settings.guarantee == "none":
        return none, "no guarantee was asked for"
    if len(gold) < needed:
        told = f"{len(gold)} traces with a known answer by gold keys"
        return none, f"{told}; about {needed} are needed to hold half of them out"
    return np.array(
        [i for i in gold.tolist() if is_held_out(settings.seed, gathered.ids[i])], dtype=np.int64
    ), ""


def _on_held_out(
    settings: PosteriorSettings,
    located: Located,
    gathered: Gathered,
    evidence: Evidence,
    held: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Guarantee:
    some = evidence.take(held)
    posterior = located.fit.posterior(some.without_gold())
    agreed = np.array(gathered.agreed, dtype=np.int64)[held]
    is_agreed, status, risk = agreed_steps(posterior, agreed)
    wrong = status != true_statuses(posterior, some.gold)
    # What rollouts and judges agree on is kept at any threshold, what lies behind an error at none.
    risk = np.where(is_agreed, 0.0, np.where(status == BEHIND, 2.0, risk))
    trace = np.repeat(np.arange(len(held)), some.length)
    found = guarantee_of(settings.guarantee, settings.keep_below, settings.error, risk, wrong, trace)
    if not found.reason or not is_agreed.any():
        return found
    of = f"{wrong[is_agreed].sum()} of {is_agreed.sum()} such steps were wrong"
    told = f"what rollouts and judges agree on is kept at any threshold: {of}"
    return replace(found, reason=f"{found.reason}; {told}")


def bind_many(
    settings: PosteriorSettings, criterion: str, voters: Sequence[Voter], learned: Learned | None = None
) -> DecideMany:
    by_id = {voter.rater: voter.name for voter in voters}

    def names(rater: int) -> str:
        return by_id.get(rater, str(rater))

    if learned is None:
        raise ValueError("the posterior decides nothing before it has learned")
    keep = learned.guarantee.keep_below
    limits = Thresholds(keep, max(settings.soft_below, keep), max(settings.drop_above, keep))
    located, pool = learned.located, learned.pool
    if located is not None:
        return lambda traces: decided(traces, located, limits, names)
    assert pool is not None
    return bind_many_by_pool(settings, criterion, pool, limits, voters)


def bind(
    settings: PosteriorSettings, criterion: str, voters: Sequence[Voter], learned: Learned | None = None
) -> Decide:
    if learned is None:
        # Only asked whether the settings settle who is meant; there is nobody to name.
        return lambda evidence: ()
    many = bind_many(settings, criterion, voters, learned)
    return lambda evidence: many([evidence])[0]


def keep(learned: Learned) -> Kept:
    located, pool = learned.located, learned.pool
    facts = {"guarantee": learned.guarantee.as_json()}
    if located is None:
        return Kept({**facts, "pool": pool.told if pool else ""})
    fit = located.fit
    read = {"n_gold": fit.n_gold, "n_others": fit.n_others, "assumed": list(fit.assumed)}
    return Kept({**facts, **read}, located.raters, as_json(fit), fit.assumed)


POSTERIOR = Policy(
    name="posterior",
    version=5,
    title="Most probable place of the first error, from all signals",
    settings=PosteriorSettings,
    reasons=REASONS,
    bind=bind,
    bind_many=bind_many,
    prepare=prepare,
    keep=keep,
    could_read=lambda settings: (settings.rollout_criterion,),
    reads_details=True,
)
