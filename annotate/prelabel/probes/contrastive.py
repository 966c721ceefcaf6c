"""How much each step moves the model towards the reference answer and away from near misses (CPMI, arXiv 2604.10660).

With ``l(y; x)`` the mean log-probability per token of answer ``y`` after prefix ``x``, averaged over several openings::

    r_t = [l(A; x_t) - l(A; x_(t-1))] - mean over m of [l(A_m; x_t) - l(A_m; x_(t-1))]

What makes every number likelier (the topic, the form) cancels. The ``r_t`` of a trace add up to the contrast at its end
less that at the problem. The label's score is the sigmoid of ``r_t``'s z-score among the trace's steps, so it compares
steps of one trace and no two traces.

Departures: only the answer's tokens are scored, not the opening's, which would take part in the mean; steps after the
answer was stated are masked and take no part in the z-score. The wrong answers ``A_m`` are numbers near the right one;
for an answer that is no number they are wrong answers the model itself gives to the bare problem.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Literal

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.continuations.answer_probe import (
    Contexts,
    ProbeSettings,
    answer_request,
    mean_logprob,
    ranking,
    ranking_opinion,
    silent_steps,
    unprobed,
)
from annotate.prelabel.continuations.rollouts import BARE, RolloutSettings, prefix_messages
from annotate.prelabel.contracts import (
    Completion,
    Finding,
    Opinion,
    Request,
    Sampling,
    Silence,
    Strategy,
    TraceTask,
)
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.grading import answers, final_answers
from annotate.prelabel.grading.near_misses import near_misses
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class ContrastiveSettings(ProbeSettings):
    """``misses`` wrong answers are held against the right one after each of the ``openings``.

    ``negatives``: ``near`` numbers, answers ``sampled`` from ``samples`` attempts at the problem, or ``auto`` for the
    first where the answer is a number. ``threshold`` is on the score, which lies in (0, 1).

    ``closing`` is put behind each answer.
    """

    threshold: float = 0.5
    openings: tuple[str, ...] = (
        "\n\nThe answer is: ",
        "\n\nAnswer: ",
        "\n\nSo the final answer is ",
        "\n\nTherefore, the result is ",
    )
    closing: str = ""
    misses: int = 4
    negatives: Literal["auto", "near", "sampled"] = "auto"
    samples: int = 8
    max_tokens: int = 512
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        ProbeSettings.__post_init__(self)
        has_words = bool(self.openings) and all(opening.strip() for opening in self.openings)
        require(has_words, "openings", "must be a list of texts that each hold a word.")
        require(len(set(self.openings)) == len(self.openings), "openings", "must differ.")
        require(1 <= self.misses <= 7, "misses", "must lie between 1 and 7.")
        require(1 <= self.samples <= 1024, "samples", "must lie between 1 and 1024.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")
        require(self.temperature > 0, "temperature", "must be above 0, or the samples are copies.")

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, max_tokens=self.max_tokens, seed=self.seed)


def probe_contrast(task: TraceTask, settings: ContrastiveSettings) -> Strategy:
    """Find wrong answers, score all answers after every step in one batch, and rank the steps."""
    if (finding := unprobed(task)) is not None:
        return finding
    right = final_answers.stated_reference(task.reference_answer or "")
    wrong = near_misses(right, settings.misses) if settings.negatives != "sampled" else ()
    if not wrong and settings.negatives != "near":
        answered = yield [_attempts(task, settings)]
        wrong = wrong_answers(answered[0], right, settings.misses)
    if not wrong:
        return Finding(silences=(Silence(None, "there is no wrong answer to hold against the right one"),))
    contexts = Contexts(task, settings)
    batch = [
        answer_request(contexts, cut, opening, answer + settings.closing, "contrast")
        for cut in contexts.cuts
        for opening in settings.openings
        for answer in (right, *wrong)
    ]
    answered = yield batch
    size = len(settings.openings) * (1 + len(wrong))
    contrasts = {
        cut: _contrast(batch[at : at + size], answered[at : at + size], 1 + len(wrong))
        for cut, at in zip(contexts.cuts, range(0, len(batch), size), strict=True)
    }
    return _finding(task, contexts, contrasts, (right, *wrong), settings)


def wrong_answers(completions: Sequence[Completion], right: str, most: int) -> tuple[str, ...]:
    """Different answers that the attempts state and that are known to be wrong, most frequent first."""
    counts: dict[str, int] = {}
    for completion in completions:
        if final_answers.grade(completion.text, right, finish_reason=completion.finish_reason) == "wrong":
            stated = answers.final_answer(completion.text) or ""
            counts[stated] = counts.get(stated, 0) + 1
    return tuple(sorted(counts, key=lambda text: -counts[text]))[:most]


def standardised(values: Mapping[int, float]) -> dict[int, float]:
    """The sigmoid of each value's z-score; one half for all where they do not differ."""
    if not values:
        return {}
    mean, spread = fmean(values.values()), pstdev(values.values())
    # Differences of rounding are no spread.
    if spread <= 1e-12:
        return dict.fromkeys(values, 0.5)
    return {key: 1 / (1 + math.exp(-(value - mean) / spread)) for key, value in values.items()}


def _contrast(
    requests: Sequence[Request], answered: Sequence[Sequence[Completion]], per_opening: int
) -> float | str:
    """The right answer's log-probability less the wrong ones' mean, averaged over openings; or why there is none."""
    try:
        logs = [mean_logprob(request, found) for request, found in zip(requests, answered, strict=True)]
    except Unread as reason:
        return str(reason)
    rows = [logs[at : at + per_opening] for at in range(0, len(logs), per_opening)]
    return fmean(row[0] - fmean(row[1:]) for row in rows)


def _finding(
    task: TraceTask,
    contexts: Contexts,
    contrasts: Mapping[int, float | str],
    candidates: Sequence[str],
    settings: ContrastiveSettings,
) -> Finding:
    quiet = silent_steps(task, contexts, candidates[0])
    signals: dict[int, float] = {}
    for index in contexts.own:
        before, after = contrasts[contexts.before[index]], contrasts[contexts.after[index]]
        if index not in quiet and isinstance(before, float) and isinstance(after, float):
            signals[index] = after - before
        else:
            unread = after if isinstance(after, str) else str(before)
            quiet.setdefault(index, unread)
    scores = standardised(signals)
    opinions: list[Opinion] = []
    for index, signal in signals.items():
        evidence: dict[str, object] = {"contrast_gain": round(signal, 9), "wrong": list(candidates[1:])}
        opinions.append(ranking_opinion(task.steps[index].position, scores[index], settings, evidence))
    silences = [Silence(task.steps[index].position, quiet[index]) for index in contexts.own if index in quiet]
    return Finding(tuple(opinions), tuple(silences), {"doubtful_first": ranking(opinions)})


def _attempts(task: TraceTask, settings: ContrastiveSettings) -> Request:
    shape = RolloutSettings(instruction=settings.instruction, system=settings.system)
    messages = prefix_messages(task, BARE, shape)
    return Request(messages, settings.samples, settings.sampling, purpose="wrong answers")


STRATEGY = StrategyEntry(
    "probe/contrastive",
    "probe",
    "Right answer against near misses",
    ContrastiveSettings,
    probe_contrast,
    summary="Reads how each step moves the model towards the answer and away from near misses. For ranking only.",
)
