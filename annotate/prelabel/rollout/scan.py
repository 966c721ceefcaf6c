"""Front-to-back Monte-Carlo scan with early stopping.

After each step the model continues the solution up to ``k`` times; a step is good as soon as one continuation
reaches the reference answer and bad when none of ``k`` does (the hard label of Math-Shepherd, arXiv
2312.08935, at the threshold 0 that arXiv 2501.07301 found best). The first bad step ends the scan: what
follows is not assessed.

Where it departs from the published recipes: rollouts come in waves (2, 2, 4, …) and stop with the first
success, which gives the identical hard label for a fraction of the cost; the exported soft value is therefore
a posterior mean, never ``hits / tried``, which early stopping biases upwards. A zero may be confirmed with more
rollouts before it is called an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotate.prelabel.continuations.rollouts import (
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.continuations.walk import Walk
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class ScanSettings(RolloutSettings):
    """``confirm`` raises ``k`` to ``k_confirm`` at a step that would be called bad.

    A step is good when more than ``tau`` of its known rollouts succeed.
    """

    tau: float = 0.0
    confirm: bool = False
    k_confirm: int = 16

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(0 <= self.tau < 1, "tau", "must lie in [0, 1).")
        require(self.k <= self.k_confirm <= 1024, "k_confirm", "must lie between k and 1024.")


def scan(task: TraceTask, settings: ScanSettings, grade: Grade = grade_completion) -> Strategy:
    """Label the steps of one trace front to back until the first that no rollout recovers from."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _scan(Rollouts(task, settings, grade), settings))


def _scan(rollouts: Rollouts, settings: ScanSettings) -> Strategy:
    walk = Walk(rollouts)
    yield from rollouts.draw_self_confidence()
    for index in rollouts.own[:-1]:
        yield from rollouts.draw_until_success(index, settings.k, settings.tau)
        if settings.confirm and rollouts.verdict(index, settings.k, settings.tau) is False:
            yield from rollouts.draw_until_success(index, settings.k_confirm, settings.tau)
        if not walk.take(index, rollouts.verdict(index, settings.k, settings.tau)):
            return walk.finding()
    walk.take_last()
    return walk.finding()


STRATEGY = StrategyEntry(
    "rollout/scan",
    "rollout",
    "Rollouts, front to back",
    ScanSettings,
    scan,
    summary="Continues the solution after each step until one continuation is right; stops at the first step without.",
    usual_criterion="recoverable",
)
