"""Relative progress: how much of the chance of success a step keeps, as in GenPRM (arXiv 2504.00891).

A step's progress is P_t = MC_t / MC_{t-1}, the share of right continuations after it over the share before it; before
the first step that is the pass rate SC(q) of the bare problem. A step is good when P_t is at least ``epsilon``. Hard
questions get more rollouts: how many follows from SC(q). The last step is graded, not rolled out.

Where it departs from the paper: rollouts without an outcome are left out of the shares; what follows the first bad step
stays unlabelled unless ``after_error`` asks for the paper's zeros; a step whose share is unknown leaves the one before
it as the measure for the next, and an error found there has no certain place. A question that was never solved teaches
nothing about where an error is, so its traces stay unlabelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from annotate.prelabel.continuations.rollouts import (
    BARE,
    UNMEASURED,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.continuations.tally import Tally
from annotate.prelabel.continuations.walk import Walk
from annotate.prelabel.contracts import Finding, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

NEVER_SOLVED = "the question was never solved from the start, so no error can be located"


@dataclass(frozen=True, slots=True)
class RelativeSettings(RolloutSettings):
    """Per step ``k_low`` rollouts where SC(q) < ``low``, ``k_high`` where SC(q) > ``high``, ``k_mid`` between.

    ``k`` caps all three. They are drawn in full, so ``first_wave`` has no effect. ``after_error``: ``stop`` labels
    nothing after the first bad step, ``bad`` labels all of it bad as the paper does.

    A step is good that keeps at least ``epsilon`` of the chance of success.
    """

    k: int = 128
    sc_samples: int = 32
    epsilon: float = 0.8
    k_low: int = 128
    k_mid: int = 64
    k_high: int = 32
    low: float = 0.1
    high: float = 0.9
    after_error: Literal["stop", "bad"] = "stop"

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(
            self.sc_samples >= 1, "sc_samples", "must be at least 1: the first step is measured by SC(q)."
        )
        require(0 < self.epsilon <= 1, "epsilon", "must lie in (0, 1].")
        for name in ("k_low", "k_mid", "k_high"):
            require(1 <= getattr(self, name) <= 1024, name, "must lie between 1 and 1024.")
        require(0 <= self.low <= 1, "low", "must lie in [0, 1].")
        require(self.low <= self.high <= 1, "high", "must lie between low and 1.")

    def rollouts_at(self, pass_rate: float) -> int:
        """How many rollouts each step of a question with this pass rate gets."""
        wanted = self.k_low if pass_rate < self.low else self.k_high if pass_rate > self.high else self.k_mid
        return min(self.k, wanted)


def measure_progress(
    task: TraceTask, settings: RelativeSettings, grade: Grade = grade_completion
) -> Strategy:
    """Label the steps of one trace by how much of the chance of success each keeps."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _run(Rollouts(task, settings, grade), settings))


def _run(rollouts: Rollouts, settings: RelativeSettings) -> Strategy:
    yield from rollouts.draw_self_confidence()
    before = rollouts.tally(BARE).share
    if before is None or rollouts.is_unclear(BARE):
        return rollouts.silent(UNMEASURED)
    if before == 0:
        return rollouts.silent(NEVER_SOLVED)
    walk, k, measure = Walk(rollouts), settings.rollouts_at(before), BARE
    for index in rollouts.own[:-1]:
        yield from rollouts.draw({index: k})
        share = rollouts.tally(index).share
        if share is None or rollouts.is_unclear(index):
            walk.take(index, None)
            continue
        progress = _ratio(rollouts.tally(index), rollouts.tally(measure))
        shown = {"progress": round(float(progress), 6), "before": round(before, 6)}
        if not walk.take(index, progress >= Fraction(str(settings.epsilon)), score=share, **shown):
            return _after_error(rollouts, settings, walk)
        before, measure = share, index
    walk.take_last(before=round(before, 6))
    return walk.finding()


def _ratio(after: Tally, before: Tally) -> Fraction:
    """Exact, so that a ratio of just ``epsilon`` is not lost to rounding."""
    return Fraction(after.hits * before.known, after.known * before.hits)


def _after_error(rollouts: Rollouts, settings: RelativeSettings, walk: Walk) -> Finding:
    if settings.after_error == "stop" or walk.error is None:
        return walk.finding()
    position = rollouts.task.steps[walk.error].position
    later = (index for index in rollouts.own if index > walk.error)
    return walk.finding(*(rollouts.opinion(index, False, implied_by=position) for index in later))


STRATEGY = StrategyEntry(
    "rollout/relative",
    "rollout",
    "Rollouts, relative progress",
    RelativeSettings,
    measure_progress,
    summary="Calls a step good when it keeps most of the chance of success that stood before it. Many rollouts.",
    usual_criterion="recoverable",
)
