"""Levels of steps by a pool of models of raters, for criteria that are not about a first error (pure)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np

from annotate.consensus.ballot_box import Voting, VotingSettings
from annotate.consensus.ballot_box import decided as decided_in_turn
from annotate.consensus.columns import Columns, all_votes
from annotate.consensus.common_ground import lacks_ground
from annotate.consensus.contracts import (
    DecideMany,
    Decision,
    Material,
    Question,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.guarantee import (
    Guarantee,
    Method,
    fewest_gold,
    guarantee_of,
    is_held_out,
    without,
)
from annotate.consensus.readings import decision
from annotate.consensus.reliability import copies_told
from annotate.consensus.tiers import (
    BELIEVED,
    DOUBTFUL,
    HOPELESS,
    SOFT,
    UNFITTED,
    UNLABELLED,
    Thresholds,
)
from annotate.enums import RaterKind, Tier
from annotate.errors import NotEstimable
from annotate.stats.aggregate.contracts import AggregateFit
from annotate.stats.aggregate.fused import fused
from annotate.stats.aggregate.kinship import Kinship, kinship
from annotate.stats.codes import FloatArray, IntArray

_FEWEST_RATERS = 3
_MIN_GOLD = 10
# Labels for which the rows of all raters count beside one's own, where a step is read off after the fit.
_LEANING = 5.0
_LEAST = 1e-12
# More votes teach the models nothing they do not know, and take minutes.
_MOST_VOTES = 100_000
# Different votes on a step whose reading is kept at hand.
_REMEMBERED = 100_000
_TIERS = {BELIEVED.key: Tier.B, SOFT.key: Tier.C, DOUBTFUL.key: Tier.D}


class PoolSettings(VotingSettings, Protocol):
    """What the pool needs to know."""

    @property
    def guarantee(self) -> Method: ...
    @property
    def error(self) -> float: ...
    @property
    def keep_below(self) -> float: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """``posterior`` (n, n_levels) of the ``steps`` (n,), ascending, that the models have read.

    ``log_rows`` (n_raters, true, given) and ``log_prevalence`` are for all others: known steps, whose answer the models
    were told, and steps that were left out or labelled since. ``raters`` maps ids to rows, ``kin`` says what raters of
    one family count beside each other, ``told`` what was pooled.
    """

    levels: tuple[str, ...]
    steps: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    posterior: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    raters: Mapping[int, int] = field(default_factory=dict)
    log_rows: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 0)))
    log_prevalence: FloatArray = field(default_factory=lambda: np.zeros(0))
    copies: Mapping[int, int] = field(default_factory=dict)
    kin: Kinship | None = None
    told: str = "Nothing has been fitted."

    def chances(self, step: int, levels: Mapping[int, str]) -> FloatArray | None:
        """Of each level, given who said what; None where nobody whom the models know has spoken."""
        found = self.fitted(step)
        return self.read_off(levels) if found is None else found

    def fitted(self, step: int) -> FloatArray | None:
        """Of each level, where the models have read the step."""
        at = bisect_left(self.steps, step)
        return self.posterior[at] if at < len(self.steps) and self.steps[at] == step else None

    def read_off(self, levels: Mapping[int, str]) -> FloatArray | None:
        """Of each level of a step that no model has read; None where nobody whom they know has spoken."""
        heard = [rater for rater in levels if rater in self.raters]
        if not heard:
            return None
        row = [self.raters[rater] for rater in heard]
        said = self.log_rows[row, :, [self.levels.index(levels[rater]) for rater in heard]]
        count = 1.0 if self.kin is None else self.kin.weights(heard)[:, None]
        score = self.log_prevalence + (count * said).sum(axis=0)
        weight = np.exp(score - score.max())
        return np.asarray(weight / weight.sum())


def pooled(settings: PoolSettings, material: Material) -> tuple[Pooled, Guarantee]:
    """Fit the pool to all votes; half of the known steps are kept from it where that is enough for a guarantee."""
    question = material.question
    trace_of: dict[int, int] = {}

    def noted(trace: TraceEvidence) -> TraceEvidence:
        for step in trace.steps:
            if any(vote.kind is RaterKind.GOLD for vote in step.votes):
                trace_of[step.step] = trace.trace
        return trace

    voting, columns, copied = all_votes(settings, material, noted)
    columns.add_gold(material.gold, voting.raters)
    columns = columns.without(copied)
    blank = Pooled(question.levels, copies=copied)
    held, reason = _held_out(settings, columns, trace_of)
    family = {voter.rater: voter.family for voter in material.voters if voter.family}
    fit, kin, why = _fit(columns, question, held, family, settings.seed)
    if fit is None:
        return replace(blank, told=why), without(settings.guarantee, settings.keep_below, settings.error, why)
    found = _kept(replace(blank, kin=kin), fit)
    if reason:
        return found, without(settings.guarantee, settings.keep_below, settings.error, reason)
    return found, _guarantee(settings, columns, found, held, trace_of)


def _held_out(
    settings: PoolSettings, columns: Columns, trace_of: Mapping[int, int]
) -> tuple[frozenset[int], str]:
    if settings.guarantee == "none":
        return frozenset(), "no guarantee was asked for"
    voted = set(np.unique(columns.codes("step")).tolist())
    able = [step for step in columns.known if step in trace_of and step in voted]
    n = len({trace_of[step] for step in able})
    needed = fewest_gold(settings.guarantee, settings.error)
    if n < needed:
        told = f"{n} traces with a known answer; about {needed} are needed to hold half of them out"
        return frozenset(), told
    return frozenset(step for step in able if is_held_out(settings.seed, trace_of[step])), ""


def _fit(
    columns: Columns, question: Question, held: frozenset[int], family: Mapping[int, str], seed: int
) -> tuple[AggregateFit | None, Kinship | None, str]:
    some = columns.sample(_MOST_VOTES)
    some.known = {step: level for step, level in columns.known.items() if step not in held}
    if len(question.levels) < 2:
        return None, None, "The question has fewer than two levels."
    # Judges of one base model are one witness between them.
    n_apart = len({family.get(rater, rater) for rater in some.raters})
    if n_apart < _FEWEST_RATERS and some.n_known < _MIN_GOLD:
        told = f"{n_apart} independent raters and {some.n_known} known answers do not tell who is right."
        return None, None, told
    if why := lacks_ground(some, _MIN_GOLD, family):
        return None, None, why
    known: dict[Hashable, Hashable] = dict(some.known.items())
    table = some.table()
    try:
        kin = kinship(table, dict(family.items()), known)
        return fused(kin.weighed(table), known=known, is_ordinal=question.ordered, seed=seed), kin, ""
    except NotEstimable as error:
        return None, None, str(error)


def _kept(blank: Pooled, fit: AggregateFit) -> Pooled:
    pool = fit.counts.sum(axis=0) + 0.5 * np.eye(len(fit.levels)) + 0.1
    rows = fit.counts + _LEANING * pool / pool.sum(axis=1, keepdims=True)
    rows = rows / rows.sum(axis=2, keepdims=True)
    steps = np.array([int(str(unit)) for unit in fit.units], dtype=np.int64)
    # Levels nobody gave are not among the fit's.
    order = [int(str(level)) for level in fit.levels]
    posterior = np.zeros((len(steps), len(blank.levels)))
    posterior[:, order] = fit.posterior
    left = np.flatnonzero(~fit.is_known)
    left = left[np.argsort(steps[left])]
    log_rows = np.full((len(fit.raters), len(blank.levels), len(blank.levels)), np.log(_LEAST))
    log_rows[np.ix_(range(len(fit.raters)), order, order)] = np.log(np.maximum(rows, _LEAST))
    log_prevalence = np.full(len(blank.levels), np.log(_LEAST))
    log_prevalence[order] = np.log(np.maximum(fit.prevalence, _LEAST))
    raters = {int(str(rater)): row for row, rater in enumerate(fit.raters)}
    return replace(
        blank,
        steps=steps[left],
        posterior=posterior[left],
        raters=raters,
        log_rows=log_rows,
        log_prevalence=log_prevalence,
        told=fit.message,
    )


def _guarantee(
    settings: PoolSettings,
    columns: Columns,
    found: Pooled,
    held: frozenset[int],
    trace_of: Mapping[int, int],
) -> Guarantee:
    said: dict[int, dict[int, str]] = {step: {} for step in held}
    rows = zip(*(columns.codes(name).tolist() for name in ("step", "rater", "level")), strict=True)
    for step, rater, level in rows:
        if step in said:
            said[step][rater] = found.levels[level]
    steps, risk, wrong = [], [], []
    for step, levels in said.items():
        chances = found.chances(step, levels)
        if chances is not None:
            steps.append(step)
            risk.append(1 - float(chances.max()))
            wrong.append(int(chances.argmax()) != columns.known[step])
    if not steps:
        return without(
            settings.guarantee, settings.keep_below, settings.error, "nobody labelled what was held out"
        )
    trace = np.unique([trace_of[step] for step in steps], return_inverse=True)[1].astype(np.int64)
    return guarantee_of(
        settings.guarantee, settings.keep_below, settings.error, np.array(risk), np.array(wrong), trace
    )


def bind_many(
    settings: PoolSettings, criterion: str, pool: Pooled, limits: Thresholds, voters: Sequence[Voter]
) -> DecideMany:
    """The rule for many traces at once, by what the pool has learned."""
    voting = Voting.among(voters, criterion, settings, pool.levels, (UNLABELLED, UNFITTED))

    # The same votes come again and again, on steps that no model has read.
    @lru_cache(maxsize=_REMEMBERED)
    def read_off(heard: tuple[tuple[int, str], ...]) -> _Read | None:
        chances = pool.read_off(dict(heard))
        return None if chances is None else _read(chances, dict(heard), pool, limits)

    def weigh(step: StepEvidence, votes: tuple[Vote, ...], levels: dict[int, str]) -> Decision:
        told, alone = "", levels
        if pool.copies:
            told = copies_told(pool.copies, voters, levels)
            alone = {rater: level for rater, level in levels.items() if rater not in pool.copies}
        if not alone:
            return replace(decision(UNLABELLED, f"No clear label yet.{told}", votes), tier=Tier.D.value)
        if not pool.raters:
            return replace(decision(UNFITTED, f"{pool.told}{told}", votes), tier=Tier.D.value)
        chances = pool.fitted(step.step)
        found = read_off(tuple(alone.items())) if chances is None else _read(chances, alone, pool, limits)
        if found is None:
            unknown = f"Nobody known has labelled it.{told}"
            return replace(decision(UNFITTED, unknown, votes), tier=Tier.D.value)
        return found.decision(votes, told)

    return lambda traces: [decided_in_turn(trace, voting, weigh) for trace in traces]


@dataclass(frozen=True, slots=True)
class _Read:
    """What is to be said of a step by the chances of its levels, whose votes they come from aside."""

    reason: Reason
    level: str
    risk: float
    text: str

    def decision(self, votes: tuple[Vote, ...], told: str) -> Decision:
        reason, tier = self.reason, _TIERS.get(self.reason.key)
        return Decision(
            reason.action,
            self.level if reason is BELIEVED else "",
            reason.key,
            f"{self.text}{told}",
            tuple([vote.label for vote in votes]),
            1 - self.risk,
            tier.value if tier else "",
            self.risk,
        )


def _read(chances: FloatArray, levels: Mapping[int, str], pool: Pooled, limits: Thresholds) -> _Read:
    best = int(chances.argmax())
    risk, level = min(max(1.0 - float(chances[best]), 0.0), 1.0), pool.levels[best]
    said = ", ".join(f"{n} {one}" for one, n in sorted(Counter(levels.values()).items()))
    text = f"Most probable: {level}, at {1 - risk:.3f}, from {said}."
    return _Read(_reason(risk, limits), level, risk, text)


def _reason(risk: float, limits: Thresholds) -> Reason:
    if risk <= limits.keep:
        return BELIEVED
    if risk <= limits.soft:
        return SOFT
    return HOPELESS if risk > limits.drop else DOUBTFUL
