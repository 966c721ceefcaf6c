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

from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.rollouts import (
    UNCLEAR,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class ScanSettings(RolloutSettings):
    """``confirm`` raises ``k`` to ``k_confirm`` at a step that would be called bad.

    A step is good when more than ``tau * k`` rollouts succeed.
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
    return finding if finding is not None else (yield from _Scan(task, settings, grade).run())


class _Scan:
    def __init__(self, task: TraceTask, settings: ScanSettings, grade: Grade) -> None:
        self._rollouts = Rollouts(task, settings, grade)
        self._settings = settings
        self._opinions: list[Opinion] = []
        self._silences: list[Silence] = []
        # A step without a label since the last known success: an error found now could be that step's.
        self._has_gap = False

    def run(self) -> Strategy:
        rollouts = self._rollouts
        yield from rollouts.draw_self_confidence()
        for index in rollouts.own[:-1]:
            yield from rollouts.draw_until_success(index, self._settings.k, self._settings.tau)
            needs_confirmation = not self._is_good(index) and not rollouts.is_unclear(index)
            if self._settings.confirm and needs_confirmation:
                yield from rollouts.draw_until_success(index, self._settings.k_confirm, self._settings.tau)
            if not self._judge(index):
                is_located = bool(self._opinions) and self._opinions[-1].value == self._settings.bad
                return self._finding("located" if is_located else "unplaced")
        return self._grade_last_step(rollouts.own[-1])

    def _is_good(self, index: int) -> bool:
        return self._rollouts.is_good(index, self._settings.k, self._settings.tau)

    def _judge(self, index: int) -> bool:
        """Take note of one step; False ends the scan."""
        if self._is_good(index):
            self._has_gap = False
            self._opinions.append(self._rollouts.opinion(index, True))
            return True
        if self._rollouts.is_unclear(index):
            self._has_gap = True
            self._silences.append(self._rollouts.silence(index, UNCLEAR))
            return True
        if self._has_gap:
            reason = "no rollout succeeded, but after an unknown step the first error has no certain place"
            self._silences.append(self._rollouts.silence(index, reason))
        else:
            self._opinions.append(self._rollouts.opinion(index, False))
        return False

    def _grade_last_step(self, index: int) -> Finding:
        outcome = self._rollouts.grade_last()
        if outcome == "right":
            self._opinions.append(self._rollouts.opinion(index, True, score=1.0, final_answer=outcome))
            return self._finding("no error")
        if outcome == "wrong" and self._settings.is_wrong_answer_bad and not self._has_gap:
            self._opinions.append(self._rollouts.opinion(index, False, score=0.0, final_answer=outcome))
            return self._finding("located")
        reason = "the final answer is wrong" if outcome == "wrong" else f"the final answer is {outcome}"
        self._silences.append(self._rollouts.silence(index, reason))
        return self._finding("unplaced" if outcome == "wrong" else "unknown")

    def _finding(self, outcome: str) -> Finding:
        return self._rollouts.finding(self._opinions, self._silences, outcome)


STRATEGY = StrategyEntry(
    "rollout/scan",
    "rollout",
    "Rollouts, front to back",
    ScanSettings,
    scan,
    summary="Continues the solution after each step until one continuation is right; stops at the first step without.",
    usual_criterion="recoverable",
)
