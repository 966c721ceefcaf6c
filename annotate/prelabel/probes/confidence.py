"""How sure the model is of a step, or of the answer after it.

Three signals, one at a time:

- ``likelihood``: the log-probability of the step as written. Its negative is G-NLL (arXiv 2412.15176) where the step is
  what greedy decoding writes; for any other text it is that text's own.
- ``certainty``: the mean gap, at most 0, between the log-probability of the token written and of the model's best
  token. Self-certainty proper (arXiv 2502.18581) measures the whole next-token distribution against the uniform one;
  a backend tells two numbers of it, so this stands in and is called by another name.
- ``potential``: SPAE's (arXiv 2601.03823) ``1.5 * acc * conf + 0.5 * acc - conf`` from ``n`` short forced answers after
  the step: ``acc`` is the share that is right among those that can be graded, ``conf`` the mean geometric probability
  of what was drawn. Above ``saturated_from`` more steps can hardly help. ``potential_gain`` is its rise over the step.

Departure from SPAE: an answer that was cut off or cannot be read is unknown; there, it weighs as very improbable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.text_scores import scored_tokens, step_request
from annotate.prelabel.continuations.answer_probe import (
    EMPTY,
    Contexts,
    ProbeSettings,
    ranking,
    ranking_opinion,
    silent_steps,
    unprobed,
)
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Opinion,
    Request,
    Sampling,
    Silence,
    Strategy,
    TokenScore,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.grading import final_answers
from annotate.settings import require

_READ_OFF = ("likelihood", "certainty")


@dataclass(frozen=True, slots=True)
class ConfidenceSettings(ProbeSettings):
    """``opening``, ``n`` and what follows belong to the two potentials.

    ``stop`` ends a forced answer; ``closing`` is text without which it cannot be read (a brace). ``min_known`` of the
    ``n`` answers must be gradable.

    ``signal``: which of the signals above is read.
    """

    signal: Literal["likelihood", "certainty", "potential", "potential_gain"] = "potential"
    opening: str = "\n\nThe final answer is: "
    closing: str = ""
    stop: tuple[str, ...] = ("\n",)
    n: int = 5
    min_known: int = 3
    temperature: float = 0.6
    max_tokens: int = 10
    seed: int = 0
    saturated_from: float = 0.9

    def __post_init__(self) -> None:
        ProbeSettings.__post_init__(self)
        is_possible = self.signal not in _READ_OFF or self.threshold < 0
        require(is_possible, "threshold", f"must be below 0 for {self.signal}, which is never above it.")
        require(bool(self.opening.strip()), "opening", "must hold a word.")
        require(1 <= self.n <= 1024, "n", "must lie between 1 and 1024.")
        require(1 <= self.min_known <= self.n, "min_known", "must lie between 1 and n.")
        require(self.temperature > 0, "temperature", "must be above 0, or the answers are copies.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens, stop=self.stop, seed=self.seed)


def probe_confidence(task: TraceTask, settings: ConfidenceSettings) -> Strategy:
    """Read the chosen signal off every own step."""
    if settings.signal in _READ_OFF:
        return (yield from _read_off(task, settings))
    return (yield from _forced_answers(task, settings))


def potential(accuracy: float, confidence: float) -> float:
    """SPAE's potential: 1 when surely right, -1 when surely wrong, 0 when wrong without conviction."""
    return 1.5 * accuracy * confidence + 0.5 * accuracy - confidence


@dataclass(frozen=True, slots=True)
class Forced:
    """The forced answers after one cut: ``known`` could be graded."""

    accuracy: float
    confidence: float
    known: int

    @property
    def potential(self) -> float:
        return potential(self.accuracy, self.confidence)


def forced(completions: Sequence[Completion], reference: str, settings: ConfidenceSettings) -> Forced:
    """Grade the forced answers. Raises Unread where too few can be, or where the backend told no likelihood."""
    rights: list[bool] = []
    sures: list[float] = []
    for completion in completions:
        said = f"{settings.opening.strip()} {completion.text.strip()}{settings.closing}"
        outcome = final_answers.grade(said, reference, finish_reason=completion.finish_reason)
        if outcome not in ("right", "wrong"):
            continue
        if completion.logprob is None or not completion.completion_tokens:
            raise Unread("the backend told no likelihood of its answers")
        rights.append(outcome == "right")
        sures.append(math.exp(completion.logprob / completion.completion_tokens))
    if len(rights) < settings.min_known:
        errors = [completion.error for completion in completions if completion.error]
        raise Unread(
            errors[0] if errors else f"only {len(rights)} of {len(completions)} answers can be graded"
        )
    return Forced(fmean(rights), fmean(sures), len(rights))


def _read_off(task: TraceTask, settings: ConfidenceSettings) -> Strategy:
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    own = [index for index, step in enumerate(task.steps) if step.kind != "observation"]
    full = [index for index in own if task.steps[index].text.strip()]
    silences = [Silence(task.steps[index].position, EMPTY) for index in own if index not in full]
    shape = {"instruction": settings.instruction, "system": settings.system}
    batch = [step_request(task, index, purpose=settings.signal, **shape) for index in full]
    answers = (yield batch) if batch else []
    opinions: list[Opinion] = []
    for index, request, completions in zip(full, batch, answers, strict=True):
        position = task.steps[index].position
        try:
            tokens = scored_tokens(request, completions)
        except Unread as reason:
            silences.append(Silence(position, str(reason)))
            continue
        opinions.append(_opinion_of_tokens(position, tokens, settings))
    return Finding(tuple(opinions), tuple(silences), {"doubtful_first": ranking(opinions)})


def _opinion_of_tokens(position: int, tokens: Sequence[TokenScore], settings: ConfidenceSettings) -> Opinion:
    total = math.fsum(token.logprob for token in tokens)
    gap = fmean(token.logprob - token.best_logprob for token in tokens)
    evidence: dict[str, object] = {
        "signal": settings.signal,
        "logprob": round(total, 6),
        "mean_logprob": round(total / len(tokens), 6),
        "mean_gap": round(gap, 6),
        "tokens": len(tokens),
    }
    return ranking_opinion(position, total if settings.signal == "likelihood" else gap, settings, evidence)


def _forced_answers(task: TraceTask, settings: ConfidenceSettings) -> Strategy:
    if (finding := unprobed(task)) is not None:
        return finding
    reference = task.reference_answer or ""
    contexts = Contexts(task, settings)
    batch = [
        Request(
            contexts.messages(cut, settings.opening.rstrip()),
            settings.n,
            settings.sampling,
            about=contexts.about(cut),
            purpose="forced answer",
        )
        for cut in contexts.cuts
    ]
    answers = yield batch
    found: dict[int, Forced | str] = {}
    for cut, completions in zip(contexts.cuts, answers, strict=True):
        try:
            found[cut] = forced(completions, reference, settings)
        except Unread as reason:
            found[cut] = str(reason)
    return _finding(task, contexts, found, settings)


def _finding(
    task: TraceTask, contexts: Contexts, found: Mapping[int, Forced | str], settings: ConfidenceSettings
) -> Finding:
    quiet = silent_steps(task, contexts, final_answers.stated_reference(task.reference_answer or ""))
    opinions: list[Opinion] = []
    silences: list[Silence] = []
    for index in contexts.own:
        position = task.steps[index].position
        before, after = found[contexts.before[index]], found[contexts.after[index]]
        if index in quiet:
            silences.append(Silence(position, quiet[index]))
        elif isinstance(after, str):
            silences.append(Silence(position, after))
        elif isinstance(before, str) and settings.signal == "potential_gain":
            silences.append(Silence(position, f"before the step {before}"))
        else:
            base = before.potential if isinstance(before, Forced) else 0.0
            signal = after.potential - (base if settings.signal == "potential_gain" else 0.0)
            opinions.append(ranking_opinion(position, signal, settings, _evidence(after, settings)))
    return Finding(tuple(opinions), tuple(silences), {"doubtful_first": ranking(opinions)})


def _evidence(after: Forced, settings: ConfidenceSettings) -> dict[str, object]:
    return {
        "signal": settings.signal,
        "accuracy": round(after.accuracy, 6),
        "confidence": round(after.confidence, 6),
        "potential": round(after.potential, 6),
        "known": after.known,
        "is_saturated": after.potential > settings.saturated_from,
    }


STRATEGY = StrategyEntry(
    "probe/confidence",
    "probe",
    "How sure the model is",
    ConfidenceSettings,
    probe_confidence,
    summary="Reads how sure the model is of a step, or of the answer after it. For ranking only.",
)
