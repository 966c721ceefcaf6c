"""A step's implicit process reward: how much likelier a tuned model finds it than a reference (arXiv 2412.01981).

``r_t = beta * sum over the step's tokens of log(pi / pi_ref)``: where ``pi`` was tuned on right and wrong outcomes from
``pi_ref``, the log-ratio of their probabilities is a process reward that nobody had to label. With any other two models
it is a log-ratio and no reward. ``beta`` scales it and changes no order; the published settings are .001 to .005.

The two models may cut the text into tokens differently: both sums are over the same characters. Observations are read
and not scored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.asking.text_scores import scored_tokens, step_request
from annotate.prelabel.continuations.answer_probe import EMPTY, ProbeSettings, ranking, ranking_opinion
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class ImplicitSettings(ProbeSettings):
    """``reference_backend`` is the address of the model that the run's own model was tuned from."""

    reference_backend: str = ""
    beta: float = 0.005

    def __post_init__(self) -> None:
        ProbeSettings.__post_init__(self)
        require(bool(self.reference_backend.strip()), "reference_backend", "must name a second model.")
        require(math.isfinite(self.beta) and self.beta > 0, "beta", "must be above 0.")


def probe_implicit(task: TraceTask, settings: ImplicitSettings) -> Strategy:
    """Score every own step by both models in one batch."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    own = [index for index, step in enumerate(task.steps) if step.kind != "observation"]
    full = [index for index in own if task.steps[index].text.strip()]
    silences = [Silence(task.steps[index].position, EMPTY) for index in own if index not in full]
    batch = [
        step_request(
            task,
            index,
            instruction=settings.instruction,
            system=settings.system,
            player=player,
            purpose="log-ratio",
        )
        for index in full
        for player in ("", REFERENCE)
    ]
    answers = (yield batch) if batch else []
    opinions: list[Opinion] = []
    for number, index in enumerate(full):
        position, at = task.steps[index].position, 2 * number
        try:
            own_tokens = scored_tokens(batch[at], answers[at])
            other_tokens = scored_tokens(batch[at + 1], answers[at + 1])
        except Unread as reason:
            silences.append(Silence(position, str(reason)))
            continue
        tuned = math.fsum(token.logprob for token in own_tokens)
        plain = math.fsum(token.logprob for token in other_tokens)
        evidence: dict[str, object] = {
            "logprob": round(tuned, 6),
            "reference_logprob": round(plain, 6),
            "tokens": len(own_tokens),
            "reference_tokens": len(other_tokens),
        }
        opinions.append(ranking_opinion(position, settings.beta * (tuned - plain), settings, evidence))
    return Finding(tuple(opinions), tuple(silences), {"doubtful_first": ranking(opinions)})


STRATEGY = StrategyEntry(
    "probe/implicit",
    "probe",
    "Log-ratio of two models",
    ImplicitSettings,
    probe_implicit,
    summary="Compares how likely a tuned model and the one it came from find each step. For ranking only.",
    players={REFERENCE: "reference_backend"},
)
