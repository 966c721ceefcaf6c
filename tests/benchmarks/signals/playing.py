"""Run a strategy to its end in this process, without driver and database, and note what it cost and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from annotate.prelabel.contracts import Completion, Finding, FinishReason, Request, Strategy
from annotate.prelabel.grading.final_answers import Outcome

Answerer = Callable[[Request, int], Completion]
Question = tuple[Request, Sequence[int]]
BatchAnswerer = Callable[[Sequence[Question]], Sequence[Sequence[Completion]]]
Grade = Callable[[str, str, FinishReason], Outcome]


@dataclass(frozen=True, slots=True)
class Played:
    """``place`` is the first error it names (its best guess where it gives one), None where it names none."""

    finding: Finding
    place: int | None
    rollouts: int
    tokens: int
    waves: int

    @property
    def is_labelled(self) -> bool:
        """Whether it stands by the place with a label."""
        return self.finding.summary["first_error"] is not None


def play(strategy: Strategy, answer: Answerer) -> Played:
    """Samples of one place go on counting over the waves, as the driver's do."""
    (played,) = play_together(
        [strategy], lambda asked: [[answer(request, i) for i in samples] for request, samples in asked]
    )
    return played


def play_together(strategies: Sequence[Strategy], answer: BatchAnswerer) -> list[Played]:
    """Run strategies side by side: what all of them ask for at once goes to the answerer as one batch."""
    plays = [_Play(strategy) for strategy in strategies]
    while waiting := [each for each in plays if each.batch is not None]:
        asked = [question for each in waiting for question in each.questions()]
        replies = iter(answer(asked))
        for each in waiting:
            each.take([next(replies) for _ in each.batch or ()])
    return [each.played() for each in plays]


class _Play:
    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._drawn: Counter[int | None] = Counter()
        self._tokens = self._waves = 0
        self._finding: Finding | None = None
        self.batch: Sequence[Request] | None = None
        self._go_on(None)

    def questions(self) -> list[Question]:
        assert self.batch is not None, "the strategy has ended"
        asked = []
        for request in self.batch:
            first = self._drawn[request.about]
            # A question that asks for scores alone (n = 0) has one answer.
            self._drawn[request.about] += max(request.n, 1)
            asked.append((request, range(first, self._drawn[request.about])))
        return asked

    def take(self, replies: Sequence[Sequence[Completion]]) -> None:
        self._waves += 1
        self._tokens += sum(completion.completion_tokens for reply in replies for completion in reply)
        self._go_on(replies)

    def played(self) -> Played:
        assert self._finding is not None, "the strategy has not ended"
        summary = self._finding.summary
        place = summary.get("location", summary.get("first_error"))
        return Played(self._finding, place, sum(self._drawn.values()), self._tokens, self._waves)

    def _go_on(self, replies: Sequence[Sequence[Completion]] | None) -> None:
        try:
            self.batch = next(self._strategy) if replies is None else self._strategy.send(replies)
        except StopIteration as stop:
            self.batch, self._finding = None, stop.value
