"""From what is believed of every step to keep, drop or ask, and the tier an export may choose it by (pure).

Tier A: rollouts and every judge that read the trace name one place, and no other is more probable; these are the steps
that `lessons` keeps. Tier B: the risk is low enough. Tier C: too uncertain for a level, good enough for a soft target.
Tier D: a person should look. Steps behind an error are of no tier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.consensus.contracts import (
    NOT_TRUSTED,
    Decision,
    Reason,
    StepEvidence,
    TraceEvidence,
    Vote,
)
from annotate.consensus.located import Located
from annotate.consensus.readings import AFTER_FIRST_ERROR, NO_ERROR, not_bad, place
from annotate.enums import Action, RaterKind, Tier, Verdict
from annotate.stats.codes import BoolArray, FloatArray, IntArray
from annotate.stats.locate.decide import BEHIND, FIRST_ERROR, GOOD, statuses, steps_of
from annotate.stats.locate.evidence import UNKNOWN
from annotate.stats.locate.result import LocationPosterior

UNLABELLED = Reason("no_label", "Nobody labelled it", Action.ASK)
UNFITTED = Reason("not_fitted", "Nothing can be learned of the raters", Action.ASK)
DOUBTFUL = Reason("not_sure_enough", "Nothing is probable enough", Action.ASK)
SOFT = Reason("soft_target", "Only good enough for a soft target", Action.DROP)
HOPELESS = Reason("too_doubtful", "Too doubtful to ask about", Action.DROP)
AGREED = Reason("agreed", "Rollouts and judges agree", Action.KEEP)
BELIEVED = Reason("believed", "One status is probable enough", Action.KEEP)
REASONS = (UNLABELLED, NOT_TRUSTED, UNFITTED, DOUBTFUL, SOFT, HOPELESS, AFTER_FIRST_ERROR, AGREED, BELIEVED)
_GOOD, _BAD = Verdict.GOOD.value, Verdict.BAD.value


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Of risk. Up to ``keep``: kept; up to ``soft``: a soft target; above ``drop``: nobody is asked."""

    keep: float
    soft: float
    drop: float = 1.0


def agreed_steps(posterior: LocationPosterior, agreed: IntArray) -> tuple[BoolArray, IntArray, FloatArray]:
    """(n_steps,) whether a step is of tier A, and the most probable status of every step with its risk.

    ``agreed`` (n_traces,) is the place that rollouts and judges name alike, ``UNKNOWN`` where they do not. A trace of
    which something else is more probable has not been agreed about, whoever said it.
    """
    status, risk = statuses(posterior)
    layout, trace = posterior.layout, steps_of(posterior)
    agrees = (agreed != UNKNOWN) & (posterior.best == agreed)
    step = layout.place[~layout.is_none]
    error = np.where(agreed == NO_ERROR, layout.length, agreed)[trace]
    said = np.where(step < error, GOOD, np.where(step == error, FIRST_ERROR, BEHIND))
    return np.asarray(agrees[trace] & (said == status) & (said != BEHIND)), status, risk


def decided(
    traces: Sequence[TraceEvidence], located: Located, limits: Thresholds, names: Callable[[int], str]
) -> list[tuple[Decision, ...]]:
    """One decision per step of each trace."""
    believed = located.believed(traces)
    agreed = np.array(believed.gathered.agreed, dtype=np.int64)
    is_agreed, status, risk = agreed_steps(believed.posterior, agreed)
    correct = np.clip(believed.posterior.correct, 0.0, 1.0)
    best, confidence = believed.posterior.best.tolist(), believed.posterior.confidence.tolist()
    columns = (is_agreed.tolist(), status.tolist(), risk.tolist(), correct.tolist())
    has_signal = believed.has_signal.tolist()
    found, begin = [], 0
    for number, trace in enumerate(traces):
        end = begin + len(trace.steps)
        if not has_signal[number]:
            found.append(_silent(trace))
        elif not located.is_learned:
            told = _why_not(located)
            found.append(tuple(_plain(UNFITTED, told, heard(s, trace, located)) for s in trace.steps))
        else:
            told = _told(trace, located, best[number], confidence[number], names)
            rows = zip(trace.steps, *(column[begin:end] for column in columns), strict=True)
            found.append(
                tuple(
                    _one(heard(step, trace, located), at, s, r, p, limits, told) for step, at, s, r, p in rows
                )
            )
        begin = end
    return found


def heard(step: StepEvidence, trace: TraceEvidence, located: Located) -> list[Vote]:
    """The labels of a step that were read."""
    codes, by, rolled = located.codes, trace.criterion, located.rollout_criterion
    with_machines, rollout = located.with_machines, RaterKind.ROLLOUT
    return [
        vote
        for vote in step.votes
        if (
            (with_machines and vote.criterion == rolled)
            if vote.kind is rollout
            else (vote.criterion == by and vote.rater in codes)
        )
    ]


def _one(
    votes: list[Vote],
    is_agreed: bool,
    status: int,
    risk: float,
    correct: float,
    limits: Thresholds,
    told: str,
) -> Decision:
    spoke = tuple([vote.label for vote in votes])
    reason, tier = _reason(is_agreed, status, risk, limits)
    value = ""
    if reason.action == Action.KEEP:
        value = _BAD if status == FIRST_ERROR else _level(votes)
    if reason is AFTER_FIRST_ERROR:
        return Decision(reason.action, "", reason.key, told, spoke, None, "", risk, correct)
    text = f"Correct with probability {correct:.3f}. {told}"
    return Decision(reason.action, value, reason.key, text, spoke, 1.0 - risk, tier, risk, correct)


def _reason(is_agreed: bool, status: int, risk: float, limits: Thresholds) -> tuple[Reason, str]:
    if is_agreed:
        return AGREED, Tier.A.value
    if risk <= limits.keep:
        return (AFTER_FIRST_ERROR, "") if status == BEHIND else (BELIEVED, Tier.B.value)
    if risk <= limits.soft:
        return SOFT, Tier.C.value
    return (HOPELESS, "") if risk > limits.drop else (DOUBTFUL, Tier.D.value)


def _level(votes: list[Vote]) -> str:
    """Bad or not is what is believed; among the other levels most readers choose."""
    levels = {v.value for v in votes if v.kind is RaterKind.PERSON or v.kind is RaterKind.JUDGE}
    levels.discard(_BAD)
    if not levels or levels == {_GOOD}:
        return _GOOD
    said = [v.value for v in votes if v.kind is RaterKind.PERSON or v.kind is RaterKind.JUDGE]
    return not_bad(one for one in said if one != Verdict.UNSURE)


def _silent(trace: TraceEvidence) -> tuple[Decision, ...]:
    left = [one for step in trace.steps for one in step.set_aside if one.criterion == trace.criterion]
    if left:
        return tuple(_plain(NOT_TRUSTED, f"{left[0]}.", []) for _ in trace.steps)
    return tuple(_plain(UNLABELLED, "No label yet that places an error.", []) for _ in trace.steps)


def _plain(reason: Reason, told: str, votes: list[Vote]) -> Decision:
    return Decision(reason.action, "", reason.key, told, tuple(v.label for v in votes), tier=Tier.D.value)


def _why_not(located: Located) -> str:
    return f"Nothing is kept: {located.fit.assumed[-1]}." if located.fit.assumed else "Nothing was learned."


def _told(
    trace: TraceEvidence, located: Located, best: int, confidence: float, names: Callable[[int], str]
) -> str:
    who: dict[int, None] = {}
    rolled = False
    for step in trace.steps:
        for vote in step.votes:
            if vote.kind is RaterKind.ROLLOUT:
                rolled = rolled or (located.with_machines and vote.criterion == located.rollout_criterion)
            elif vote.criterion == trace.criterion and vote.rater in located.codes:
                who[vote.rater] = None
    sources = [*(["rollouts"] if rolled else []), *map(names, who)]
    left = {one.name for step in trace.steps for one in step.set_aside if one.criterion == trace.criterion}
    aside = f" Not heard: {', '.join(sorted(left))}, below the project's gate." if left else ""
    where = "No error" if best == NO_ERROR else f"First error at {place(best)}"
    return f"{where} with probability {confidence:.3f}, by {', '.join(sources)}.{aside}"
