"""The same number of rollouts for every step, as in Math-Shepherd (arXiv 2312.08935).

The model continues the solution ``k`` times after every own step but the last, all in one batch; the last one's stated
answer is graded. Hard label: a step is good when any continuation is right (more than ``tau`` of the known ones). Soft
value: the share of right ones, which is unbiased here because exactly ``k`` are drawn whatever they say.

Where it departs from the paper: rollouts without an outcome are left out of the share instead of counting as wrong,
and by default the labels end with the first bad step, because what is built on an error has no truth of its own.
``confirm`` draws more at the step that would be called the first error and at the one before it; there the sampling
was steered by what it showed, so the score is the posterior mean instead of the share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from annotate.prelabel.continuations.rollouts import (
    UNCLEAR,
    Drawing,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.continuations.walk import Walk
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class FixedSettings(RolloutSettings):
    """``k`` is drawn in full, so ``first_wave`` has no effect.

    ``after`` says what follows the first bad step: ``stop`` labels nothing, ``all`` labels every step by its own
    rollouts. ``confirm`` raises ``k`` to ``k_confirm`` at the located step and the one before.

    A step is good when more than ``tau`` of its known rollouts succeed.
    """

    tau: float = 0.0
    after: Literal["stop", "all"] = "stop"
    confirm: bool = False
    k_confirm: int = 16

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(0 <= self.tau < 1, "tau", "must lie in [0, 1).")
        require(self.k <= self.k_confirm <= 1024, "k_confirm", "must lie between k and 1024.")


def roll_out_every_step(
    task: TraceTask, settings: FixedSettings, grade: Grade = grade_completion
) -> Strategy:
    """Label every step of one trace by ``k`` continuations of its own."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _Fixed(task, settings, grade).run())


class _Fixed:
    def __init__(self, task: TraceTask, settings: FixedSettings, grade: Grade) -> None:
        self._rollouts = Rollouts(task, settings, grade)
        self._settings = settings

    def run(self) -> Strategy:
        rollouts, settings = self._rollouts, self._settings
        yield from rollouts.draw_self_confidence()
        yield from rollouts.draw(dict.fromkeys(rollouts.own[:-1], settings.k))
        if settings.confirm:
            yield from self._confirm()
        walk = self._walk()
        return walk.finding() if settings.after == "stop" else self._every_step(walk)

    def _confirm(self) -> Drawing:
        """Draw more around the located error, and around where it moves to, until it stays."""
        confirmed: set[int] = set()
        while (error := self._walk().error) is not None and error not in confirmed:
            place = self._rollouts.own.index(error)
            around = self._rollouts.own[max(place - 1, 0) : place + 1]
            confirmed.add(error)
            cap, tally = self._settings.k_confirm, self._rollouts.tally
            yield from self._rollouts.draw(
                {index: cap - tally(index).tried for index in around if index != self._rollouts.own[-1]}
            )

    def _walk(self) -> Walk:
        walk = Walk(self._rollouts)
        for index in self._rollouts.own[:-1]:
            if not walk.take(index, self._verdict(index), **self._soft(index)):
                return walk
        walk.take_last()
        return walk

    def _verdict(self, index: int) -> bool | None:
        return self._rollouts.verdict(index, self._settings.k, self._settings.tau)

    def _soft(self, index: int) -> dict[str, Any]:
        tally = self._rollouts.tally(index)
        if tally.share is None or tally.tried != self._settings.k:
            return {"score_is": "posterior mean"}
        return {"score": tally.share, "score_is": "share"}

    def _every_step(self, walk: Walk) -> Finding:
        """Labels for all steps alike; where the first error is stays what the walk found."""
        last = Walk(self._rollouts)
        last.take_last()
        opinions: list[Opinion] = []
        silences: list[Silence] = []
        for index in self._rollouts.own[:-1]:
            verdict = self._verdict(index)
            if verdict is None:
                silences.append(self._rollouts.silence(index, UNCLEAR))
            else:
                opinions.append(self._rollouts.opinion(index, verdict, **self._soft(index)))
        found = walk.finding().summary
        return self._rollouts.finding(
            (*opinions, *last.opinions),
            (*silences, *last.silences),
            str(found["outcome"]),
            first_error=found["first_error"],
        )


STRATEGY = StrategyEntry(
    "rollout/fixed",
    "rollout",
    "Rollouts, the same number everywhere",
    FixedSettings,
    roll_out_every_step,
    summary="Continues the solution k times after every step. The plainest and dearest way; gives unbiased shares.",
    usual_criterion="recoverable",
)
