"""Rollout labels that allow for their own noise, as in SCAN (arXiv 2509.16548).

Only questions the model mostly solves from the start are used (SC(q) at least ``min_confidence``): a model that often
fails by itself calls sound steps lost. A trace with the right answer is good throughout without a rollout. In a trace
with a wrong one, the first step that none of ``k`` continuations recovers from is bad. Models often repair an error for
a step or two before it tells, so the ``window`` steps before that one get the soft target min(1, MC_t / SC(q)) instead
of certainty; earlier steps are good, later ones unlabelled. A trace with a wrong answer and no such step is dropped.

``distribution`` and ``score`` hold the soft target. The value in the window stays good, since a rollout did succeed
there; a target below one half then reads as a label that doubts itself, and the first bad step stays the located one.

Where it departs from the paper: rollouts are drawn in waves until the first success, and only the window is filled up
to ``k``. The labels are the same as with ``k`` everywhere, because they depend on nothing else. Rollouts without an
outcome are left out of the shares. Though meant as labels of correctness, they are made of rollouts and speak of the
criterion "recoverable" unless told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotate.prelabel.continuations.rollouts import (
    BARE,
    UNCLEAR,
    UNMEASURED,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.continuations.walk import AFTER_GAP, Walk
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

TOO_HARD = "the question is solved too rarely from the start to trust its rollouts"
NO_ZERO = "the final answer is wrong, but no lost step was found"


@dataclass(frozen=True, slots=True)
class DenoiseSettings(RolloutSettings):
    """``min_confidence`` is the least SC(q); ``window`` counts the steps before the error with soft targets.

    ``is_wrong_answer_bad`` is off unless switched on: the paper drops a trace without a lost step.
    """

    sc_samples: int = 32
    is_wrong_answer_bad: bool = False
    min_confidence: float = 0.75
    window: int = 2

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(self.sc_samples >= 1, "sc_samples", "must be at least 1: SC(q) decides what is used.")
        require(0 < self.min_confidence <= 1, "min_confidence", "must lie in (0, 1].")
        require(self.window >= 0, "window", "must not be negative.")


def denoise(task: TraceTask, settings: DenoiseSettings, grade: Grade = grade_completion) -> Strategy:
    """Label one trace with soft targets before its located error."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _Denoise(task, settings, grade).run())


class _Denoise:
    def __init__(self, task: TraceTask, settings: DenoiseSettings, grade: Grade) -> None:
        self._rollouts = Rollouts(task, settings, grade)
        self._settings = settings

    def run(self) -> Strategy:
        rollouts = self._rollouts
        yield from rollouts.draw_self_confidence()
        confidence = rollouts.tally(BARE).share
        if confidence is None or rollouts.is_unclear(BARE):
            return rollouts.silent(UNMEASURED)
        if confidence < self._settings.min_confidence:
            return rollouts.silent(TOO_HARD)
        answer = rollouts.grade_last()
        if answer == "right":
            return self._right()
        if answer != "wrong":
            return rollouts.silent(f"the final answer is {answer}")
        walk = Walk(rollouts)
        for index in rollouts.own[:-1]:
            yield from rollouts.draw_until_success(index, self._settings.k)
            if not walk.take(index, rollouts.verdict(index, self._settings.k)):
                break
        else:
            walk.take_last()
        if walk.error is None:
            return self._unplaced(walk)
        window = self._window(walk.error)
        yield from rollouts.draw({index: self._settings.k - rollouts.tally(index).tried for index in window})
        return self._located(walk.error, window, confidence)

    def _window(self, error: int) -> tuple[int, ...]:
        own = self._rollouts.own
        place = own.index(error)
        return own[max(place - self._settings.window, 0) : place]

    def _right(self) -> Finding:
        *before, last = self._rollouts.own
        opinions = [self._opinion(index, 1.0, via="the trace itself") for index in before]
        return self._rollouts.finding(
            [*opinions, self._opinion(last, 1.0, final_answer="right")], (), "no error"
        )

    def _located(self, error: int, window: tuple[int, ...], confidence: float) -> Finding:
        said: list[Opinion | Silence] = []
        for index in self._rollouts.own[: self._rollouts.own.index(error)]:
            tally, is_hedged = self._rollouts.tally(index), index in window
            if tally.share and not (is_hedged and self._rollouts.is_unclear(index)):
                target = min(1.0, tally.share / confidence) if is_hedged else 1.0
                said.append(self._opinion(index, target, in_window=is_hedged))
            else:
                said.append(self._rollouts.silence(index, UNCLEAR))
        graded = {"final_answer": "wrong"} if error == self._rollouts.own[-1] else {}
        said.append(self._opinion(error, 0.0, **graded))
        opinions = [one for one in said if isinstance(one, Opinion)]
        silences = [one for one in said if isinstance(one, Silence)]
        return self._rollouts.finding(opinions, silences, "located")

    def _unplaced(self, walk: Walk) -> Finding:
        """No location, so no window and no target: the steps that were recoverable fall silent too."""
        is_cut = any(silence.reason == AFTER_GAP for silence in walk.silences)
        spoken = {opinion.position for opinion in walk.opinions}
        steps = self._rollouts.task.steps
        withdrawn = [
            self._rollouts.silence(index, AFTER_GAP if is_cut else NO_ZERO)
            for index in self._rollouts.own
            if steps[index].position in spoken
        ]
        return self._rollouts.finding((), (*withdrawn, *walk.silences), "unplaced")

    def _opinion(self, index: int, target: float, **evidence: Any) -> Opinion:
        """``target`` is the soft one; the value is bad only where it is 0, see the head of this file."""
        settings, target = self._settings, round(target, 6)
        plain = self._rollouts.opinion(index, target > 0, score=target, **evidence)
        soft = {settings.good: target, settings.bad: round(1 - target, 6)}
        return Opinion(plain.position, plain.value, target, soft, evidence=plain.evidence)


STRATEGY = StrategyEntry(
    "rollout/denoise",
    "rollout",
    "Rollouts, with a margin for noise",
    DenoiseSettings,
    denoise,
    summary="Uses only questions the model mostly solves, and hedges on the steps right before the error it finds.",
    usual_criterion="recoverable",
)
