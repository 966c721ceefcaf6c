"""Run a strategy to its end against a hand-made answerer, numbering samples as the driver does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from annotate.prelabel.contracts import (
    Completion,
    Finding,
    FinishReason,
    Request,
    StepTask,
    Strategy,
    TraceTask,
)

Answerer = Callable[[Request, int], Completion]


def run(strategy: Strategy, answer: Answerer) -> tuple[Finding, list[Request]]:
    """The finding and every request, in order; sample numbers go on counting over waves of one question."""
    asked: list[Request] = []
    drawn: Counter[str] = Counter()
    try:
        batch: Sequence[Request] = next(strategy)
        while True:
            replies = []
            for request in batch:
                asked.append(request)
                first = drawn[request.digest]
                drawn[request.digest] += max(request.n, 1)
                replies.append([answer(request, first + number) for number in range(max(request.n, 1))])
            batch = strategy.send(replies)
    except StopIteration as stop:
        return stop.value, asked


def trace(*steps: str, problem: str = "Ann has 3 apples.", reference: str | None = "42") -> TraceTask:
    return TraceTask(problem, tuple(StepTask(i, text) for i, text in enumerate(steps)), reference)


def said(text: str, finish_reason: FinishReason = "stop") -> Completion:
    return Completion(text, finish_reason)


def values(finding: Finding) -> dict[int | None, str]:
    return {opinion.position: opinion.value for opinion in finding.opinions}


def reasons(finding: Finding) -> dict[int | None, str]:
    return {silence.position: silence.reason for silence in finding.silences}


RIGHT, WRONG = "Answer: 42", "Answer: 41"
_OUTCOMES: dict[str, Completion] = {
    "r": Completion(RIGHT, "stop"),
    "w": Completion(WRONG, "stop"),
    "t": Completion(RIGHT, "length"),
    "u": Completion("and so on", "stop"),
    "f": Completion("", "error", error="no answer from the server"),
}


def rolled(outcomes: dict[int | None, str]) -> Answerer:
    """Per step position (None: the bare problem) a letter per sample, the last one from then on; r where none is said.

    The letters are those of ``Tally.outcomes``.
    """

    def answer(request: Request, sample: int) -> Completion:
        letters = outcomes.get(request.about, "r")
        return _OUTCOMES[letters[min(sample, len(letters) - 1)]]

    return answer
