"""Judge a step by how surprising it is to a language model that has read everything before it.

The step's *regret* is the largest gap, over its tokens, between the log-probability of the model's best token
and of the token written. One forward pass per step and no generated text; a Platt-scaled logistic curve,
fitted per judge on its own held-out traces (``likelihood.json`` beside the model), turns regret into a
probability that the step is bad.

Convention: steps are judged given the steps before them, so one that faithfully carries a wrong value on is
good. The judge sees only what is improbable; it is weakest on leaps and omissions that read smoothly. It
needs a backend that returns the log-probabilities of given text, and the score is meaningless without the
judge's own calibration, so the curve has no default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Silence,
    StepTask,
    Strategy,
    TokenScore,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class LikelihoodSettings:
    """``p(bad) = sigmoid(slope * regret + intercept)``; a step is bad from ``threshold`` on (regret in
    nats).

    ``slope`` and ``intercept`` are that curve's, from the file beside the model.
    """

    slope: float
    intercept: float
    threshold: float
    system: str = ""
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(self.slope > 0, "slope", "must be above 0: more regret means more likely bad.")
        require(math.isfinite(self.intercept), "intercept", "must be a finite number.")
        require(0 < self.threshold < 1, "threshold", "must lie between 0 and 1.")
        require(self.good != self.bad, "bad", "must differ from good.")


def judge_likelihood(task: TraceTask, settings: LikelihoodSettings) -> Strategy:
    """Judge every step of one trace, all in one batch."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    answers = yield [_request(task, index, settings) for index in range(len(task.steps))]
    opinions: list[Opinion] = []
    silences: list[Silence] = []
    for step, completions in zip(task.steps, answers, strict=True):
        verdict = _verdict(step, completions[0] if completions else None, settings)
        if isinstance(verdict, Opinion):
            opinions.append(verdict)
        else:
            silences.append(verdict)
    bad = [opinion.position for opinion in opinions if opinion.value == settings.bad]
    summary = {"first_error": bad[0] if bad else None, "judged": len(opinions), "steps": len(task.steps)}
    return Finding(tuple(opinions), tuple(silences), summary)


def probability_bad(regret: float, settings: LikelihoodSettings) -> float:
    """The calibrated curve, written so that no finite regret overflows."""
    logit = settings.slope * regret + settings.intercept
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(logit) / (1.0 + math.exp(logit))


def _request(task: TraceTask, index: int, settings: LikelihoodSettings) -> Request:
    system = (Message("system", settings.system),) if settings.system else ()
    prefix = "".join(step.text for step in task.steps[:index])
    before = (Message("assistant", prefix),) if prefix else ()
    messages = (*system, Message("user", task.problem), *before)
    step = task.steps[index]
    return Request(messages, n=0, score=step.text, about=step.position, purpose="likelihood")


def _verdict(
    step: StepTask, completion: Completion | None, settings: LikelihoodSettings
) -> Opinion | Silence:
    if not step.text.strip():
        return Silence(step.position, "the step is empty")
    if completion is None or not completion.scores:
        reason = (
            completion.error
            if completion and completion.error
            else "the backend returned no log-probabilities"
        )
        return Silence(step.position, reason)
    regret, worst = _largest_regret(completion.scores)
    if not math.isfinite(regret):
        return Silence(step.position, "a log-probability is not finite")
    p_bad = probability_bad(regret, settings)
    return Opinion(
        step.position,
        settings.bad if p_bad >= settings.threshold else settings.good,
        score=1.0 - p_bad,
        distribution={settings.good: 1.0 - p_bad, settings.bad: p_bad},
        evidence={
            "regret": round(regret, 6),
            "token": step.text[worst.start : worst.end],
            "start": worst.start,
            "end": worst.end,
            "tokens": len(completion.scores),
            "model": completion.model,
        },
    )


def _largest_regret(scores: tuple[TokenScore, ...]) -> tuple[float, TokenScore]:
    worst = max(scores, key=lambda token: token.best_logprob - token.logprob)
    return worst.best_logprob - worst.logprob, worst


STRATEGY = StrategyEntry(
    "judge/likelihood",
    "judge",
    "Judge by surprise",
    LikelihoodSettings,
    judge_likelihood,
    summary="Reads how improbable each step is to a model trained for it. Needs that judge's own calibration.",
)
