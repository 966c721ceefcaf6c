"""Traces with one known first error, and a model whose success from each prefix is known too.

All traces end in a wrong answer. A trace has ``steps`` steps and its first error is equally often at each of them. The
model solves the problem at the rate ``s ~ Beta(3, 1.2)``; after ``t + 1`` sound steps it succeeds at the rate
``s ** (1 - 0.8 (t + 1) / steps)``; once the error stands it recovers at the rate ``r * 0.6 ** (t - e)``, with
``r ~ Beta(0.6, 3)`` (weak recovery, on average .17) or ``Beta(1.2, 3)`` (strong, .29). Every step that remains costs a
rollout ``TOKENS_PER_STEP`` tokens, from the bare problem as from any prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from annotate.prelabel.contracts import Completion, FinishReason, Request, StepTask, TraceTask
from annotate.prelabel.grading.final_answers import Outcome

RECOVERY = {"weak": (0.6, 3.0), "strong": (1.2, 3.0)}
TOKENS_PER_STEP = 30
RIGHT, WRONG = "Answer: 1", "Answer: 0"
_STEP = "One step of a solution, all of the same length.\n"
# How far a judge that misses the step is off, and how often; it is exact or says "no error" else.
_JUDGE_EXACT, _JUDGE_MISSES = 0.62, 0.20
_JUDGE_SHIFTS = {-2: 0.1, -1: 0.3, 1: 0.35, 2: 0.15, 3: 0.1}


@dataclass(frozen=True, slots=True)
class ScriptedTrace:
    """``rates[t]`` is the success rate after step ``t``; ``hint`` what a simulated judge says (-1: no error)."""

    task: TraceTask
    first_error: int
    solve_rate: float
    rates: tuple[float, ...]
    hint: int
    seed: str
    urns: dict[int, tuple[Random, list[bool]]] = field(default_factory=dict, compare=False, repr=False)

    def answer(self, request: Request, sample: int) -> Completion:
        """Sample ``sample`` from a prefix, the same whoever asks: all strategies draw from one urn."""
        place = -1 if request.about is None else request.about
        rate = self.solve_rate if place < 0 else self.rates[place]
        stream, drawn = self.urns.setdefault(place, (Random(f"{self.seed}-{place}"), []))
        while len(drawn) <= sample:
            drawn.append(stream.random() < rate)
        tokens = (len(self.rates) - 1 - place) * TOKENS_PER_STEP
        return Completion(RIGHT if drawn[sample] else WRONG, "stop", sample, completion_tokens=tokens)


def scripted_traces(recovery: str, steps: int, n: int, seed: int) -> Iterator[ScriptedTrace]:
    """``n`` traces of ``steps`` steps; the same for the same seed."""
    rng = Random(f"scripted-{recovery}-{steps}-{seed}")
    for number in range(n):
        error = rng.randrange(steps)
        solve, recover = rng.betavariate(3, 1.2), rng.betavariate(*RECOVERY[recovery])
        rates = [
            solve ** (1 - 0.8 * (t + 1) / steps) if t < error else recover * 0.6 ** (t - error)
            for t in range(steps)
        ]
        rates[-1] = 0.0
        texts = [_STEP] * (steps - 1) + [WRONG]
        task = TraceTask("A problem.", tuple(StepTask(i, text) for i, text in enumerate(texts)), "1")
        hint = _simulated_judge(error, steps, rng)
        yield ScriptedTrace(task, error, solve, tuple(rates), hint, f"{recovery}-{steps}-{seed}-{number}")


def grade_scripted(text: str, reference: str, finish_reason: FinishReason) -> Outcome:
    """The scripted answers are two; the real grader reads them alike and takes longer."""
    return "right" if text in (RIGHT, f"\\boxed{{{reference}}}") else "wrong"


def _simulated_judge(error: int, steps: int, rng: Random) -> int:
    draw = rng.random()
    if draw < _JUDGE_EXACT:
        return error
    if draw < _JUDGE_EXACT + _JUDGE_MISSES:
        return -1
    shift = rng.choices(list(_JUDGE_SHIFTS), list(_JUDGE_SHIFTS.values()))[0]
    return min(max(error + shift, 0), steps - 1)
