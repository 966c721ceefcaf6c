r"""What a further reading is worth: decision risk that it is expected to remove, per second it takes.

.. math::

    V = \frac{R(q) - \sum_r P(r) R(q_r)}{\text{seconds}}, \qquad R(q) = \sum_t \Big(1 - \max_s q(s_t)\Big)

where the status s of step t is good, the first error or behind it, and :math:`q_r \propto q \, P(r \mid e)^{w \beta}`
is what would be believed after report r, with the trust β that the fit has in its kind. R is concave in q, so no
reading is worth less than nothing. The same risk values a person, two more votes of a judge (with their weight w) and
more rollouts; only the seconds, or what a GPU second is said to cost, differ.

One reading may be unable to change any decision where two that agree would. Its value is then 0 by this rule, and the
queue would leave such traces to chance; so what is asked is the most that one reading of one, or of two that agree, is
expected to remove (`value_per_reading`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.errors import Rejected
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate import habits, manners, scans, shifts
from annotate.stats.locate.evidence import KINDS, PERSON, Evidence, Rollouts
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.manners import Manners
from annotate.stats.locate.model import FIRST_RATER
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.signals import N_DIFFICULTIES, difficulty_of

# How many readings that agree are looked ahead to.
AHEAD = 2
# Seconds for a step that a person takes, until some have been measured.
ASSUMED_PACE = 20.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A person takes `seconds_per_step` for every step they read, and for the question as for one step more.

    `n_measured` readings are behind it; 0: it is assumed.
    """

    seconds_per_step: float
    n_measured: int = 0

    @classmethod
    def of(cls, steps: IntArray, seconds: FloatArray, assumed: float = ASSUMED_PACE) -> Pace:
        """The median pace of readings of so many steps that took any time; what is assumed where there are none."""
        took = (seconds > 0) & np.isfinite(seconds)
        if not took.any():
            return cls(assumed)
        return cls(float(np.median(seconds[took] / (steps[took] + 1))), int(took.sum()))

    def seconds(self, steps: IntArray | FloatArray) -> FloatArray:
        return np.asarray(self.seconds_per_step * (steps + 1), dtype=np.float64)


def steps_to_read(posterior: LocationPosterior) -> FloatArray:
    """(n_traces,) Steps that somebody who stops at the first error is expected to read."""
    layout = posterior.layout
    n_steps = np.minimum(layout.place + 1, layout.length[layout.trace])
    return layout.total(posterior.probability * n_steps)


def decision_risk(chance: FloatArray) -> FloatArray:
    """(…,) Expected wrong decisions of traces with M steps, from (…, M + 1) probabilities of their places."""
    first = chance[..., :-1]
    behind = np.cumsum(chance, axis=-1)[..., :-1] - first
    good = 1 - behind - first
    return np.asarray((1 - np.maximum(np.maximum(good, first), behind)).sum(axis=-1))


def value_of_reading(
    fit: LocationFit,
    evidence: Evidence,
    posterior: LocationPosterior,
    rater: int,
    *,
    weight: float = 1.0,
) -> FloatArray:
    """(n_traces,) Decision risk that one report of this rater is expected to remove, in wrong steps.

    `weight` is what the report counts beside others it depends on. Raises `Rejected` for an unknown rater.
    """
    if not 0 <= rater < len(evidence.raters):
        raise Rejected("there is no such rater", field="rater")
    heard = weight * _trust(fit, int(evidence.raters.kind[rater]))
    own = fit.model.manners.take(rater * N_DIFFICULTIES + np.arange(N_DIFFICULTIES))
    return _value_by_table(own, evidence, posterior, heard)


def value_per_reading(
    fit: LocationFit, evidence: Evidence, posterior: LocationPosterior, *, kind: int = PERSON
) -> FloatArray:
    """(n_traces,) Decision risk that a reading by anybody of this kind is expected to remove, in wrong steps.

    Whoever comes next has the mean tables of the kind's raters. Where two readings that agree remove more than twice
    what one does, a reading counts half of that. Raises `Rejected` for an unknown kind.
    """
    tables = tables_of_kind(fit, kind)
    found, trust = np.zeros(posterior.layout.n_traces), _trust(fit, kind)
    for weight in range(1, AHEAD + 1):
        np.maximum(found, _value_by_table(tables, evidence, posterior, trust * weight) / weight, out=found)
    return found


def _trust(fit: LocationFit, kind: int) -> float:
    """How far the fit believes readers of the kind: a further report will count no more than those it has read."""
    return float(fit.model.trust[FIRST_RATER + kind])


def tables_of_kind(fit: LocationFit, kind: int) -> Manners:
    """By difficulty, the mean tables of a kind's raters, or what is assumed of them where there are none."""
    if not 0 <= kind < len(KINDS):
        raise Rejected("is no kind of rater", field="kind")
    model = fit.model
    mine = model.raters.kind == kind
    if mine.any():
        return Manners(
            *(one[mine].mean(axis=0) for one in (model.shift, model.scan, model.habit, model.manner))
        )
    assumed = (one.ASSUMED[kind] for one in (shifts, scans, habits, manners))
    shares = (one / one.sum(axis=-1, keepdims=True) for one in assumed)
    return Manners(*(np.repeat(one[None], N_DIFFICULTIES, axis=0) for one in shares))


def _value_by_table(
    tables: Manners, evidence: Evidence, posterior: LocationPosterior, weight: float
) -> FloatArray:
    """`tables` are one reader's, by difficulty."""
    layout, difficulty = posterior.layout, difficulty_of(evidence)
    found = np.zeros(layout.n_traces)
    for code in np.unique(layout.length * N_DIFFICULTIES + difficulty).tolist():
        length, hard = divmod(code, N_DIFFICULTIES)
        which = np.flatnonzero((layout.length == length) & (difficulty == hard))
        places = layout.start[which][:, None] + np.arange(length + 1)
        (likelihood,) = tables.take(np.array([hard])).likelihood(length)
        found[which] = _expected_gain(posterior.probability[places], likelihood, weight)
    return found


def _expected_gain(chance: FloatArray, likelihood: FloatArray, weight: float) -> FloatArray:
    """A report of part weight moves belief less; how often it comes stays what it is."""
    found = decision_risk(chance)
    told = likelihood**weight
    # Dividing by the sum keeps a partial report one that is expected to leave belief where it was.
    told = told / told.sum(axis=0)
    for row in told:
        joint = chance * row
        total = joint.sum(axis=1)
        after = joint / np.maximum(total, 1e-300)[:, None]
        found = found - total * decision_risk(after)
    return np.maximum(found, 0.0)


def value_of_rollouts(
    fit: LocationFit, evidence: Evidence, trace: int, step: int, *, tries: int = 8
) -> float:
    """Decision risk that so many more completions from the prefix through `step` are expected to remove."""
    if not 0 <= step < evidence.length[trace]:
        raise Rejected("needs a step of the trace", field="step")
    return float(_values_of_rollouts(fit, evidence, trace, np.array([step]), tries)[0])


def values_of_rollouts(fit: LocationFit, evidence: Evidence, trace: int, *, tries: int = 8) -> FloatArray:
    """(M − 1,) The same of every step but the last, which states an answer and is graded."""
    return _values_of_rollouts(fit, evidence, trace, np.arange(int(evidence.length[trace]) - 1), tries)


def _values_of_rollouts(
    fit: LocationFit, evidence: Evidence, trace: int, steps: IntArray, tries: int
) -> FloatArray:
    """Every number of hits at every step is a trace of its own, so that all are scored at once."""
    if tries < 1:
        raise Rejected("needs at least one try", field="tries")
    if not len(steps):
        return np.zeros(0)
    one = evidence.take(np.array([trace])).without_gold()
    ways = np.tile(np.arange(tries + 1), len(steps))
    many = one.take(np.zeros(len(ways), dtype=np.int64))
    more = Rollouts(np.arange(len(ways)), np.repeat(steps, tries + 1), ways, np.full(len(ways), tries))
    joined = Rollouts(
        *(
            np.concatenate([getattr(many.rollouts, n), getattr(more, n)])
            for n in ("trace", "step", "hits", "tries")
        )
    )
    found = fit.outcomes(replace(many, rollouts=joined.take(np.argsort(joined.trace, kind="stable"))))
    chance = found[0].reshape(len(steps), tries + 1, -1)
    hits = np.arange(tries)
    log_ways = np.concatenate([[0], np.cumsum(np.log(tries - hits) - np.log(hits + 1))])
    log_weight = found[1].reshape(len(steps), tries + 1) + log_ways
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    expected = (weight[:, :, None] * chance).sum(axis=1)
    after = (weight * decision_risk(chance)).sum(axis=1)
    return np.asarray(np.maximum(decision_risk(expected) - after, 0.0))


def value_of_votes(
    fit: LocationFit, evidence: Evidence, posterior: LocationPosterior, rater: int, *, votes: int = 2
) -> FloatArray:
    """(n_traces,) Decision risk that so many more votes of a judge are expected to remove.

    n votes that depend on each other by ρ count n / (1 + (n − 1) ρ); further ones are worth what that grows by. Where
    two votes of one judge can agree by repetition alone, a tenth is therefore worth next to nothing.
    """
    if votes < 1:
        raise Rejected("needs at least one vote", field="votes")
    rho = float(fit.model.dependence.of(np.array([rater]), np.array([rater]))[0])
    mine = evidence.reports.trace[evidence.reports.rater == rater]
    held = np.bincount(mine, minlength=evidence.n_traces)
    grown = _counts(held + votes, rho) - _counts(held, rho)
    found = np.zeros(evidence.n_traces)
    for weight in np.unique(grown).tolist():
        which = grown == weight
        found[which] = value_of_reading(fit, evidence, posterior, rater, weight=weight)[which]
    return found


def _counts(votes: IntArray, rho: float) -> FloatArray:
    return np.asarray(votes / (1 + np.maximum(votes - 1, 0) * rho))


def queue_order(value: FloatArray, seconds: FloatArray) -> IntArray:
    """Traces by value per second, most first; equal ones in their own order."""
    if (seconds <= 0).any():
        raise Rejected("must be positive", field="seconds")
    return np.argsort(-value / seconds, kind="stable")
