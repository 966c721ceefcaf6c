"""One strategy under way: the wave of requests it waits on, and how its samples are numbered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from annotate.prelabel.contracts import Completion, Finding, Request, Strategy

Place = tuple[str, int]
"""One sample of one question: (digest, sample number)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Some samples of one question."""

    request: Request
    digest: str
    samples: tuple[int, ...]

    @property
    def places(self) -> list[Place]:
        return [(self.digest, sample) for sample in self.samples]


class Player:
    """A strategy with its open wave. ``rank`` orders strategies by when they started."""

    __slots__ = ("_given", "_strategy", "_used", "_wave", "finding", "missing", "rank")

    def __init__(self, strategy: Strategy, rank: int) -> None:
        self.rank = rank
        self.finding: Finding | None = None
        self.missing: set[Place] = set()
        self._strategy = strategy
        self._wave: list[Ask] | None = None
        self._given: dict[Place, Completion] = {}
        self._used: dict[str, int] = defaultdict(int)

    def advance(self) -> list[Ask]:
        """Start the strategy, or feed it the answered wave; its next wave, or nothing once ``finding`` is set.

        Raises whatever the strategy raises.
        """
        while True:
            try:
                wanted = next(self._strategy) if self._wave is None else self._strategy.send(self._answers())
            except StopIteration as end:
                self.finding = end.value
                return []
            self._wave = [self._numbered(request) for request in wanted]
            self._given = {}
            self.missing = {place for ask in self._wave for place in ask.places}
            if self.missing:
                return self._wave

    def take(self, place: Place, completion: Completion) -> bool:
        """Accept an answer to the open wave; True when it was the last one missing."""
        self._given[place] = completion
        self.missing.discard(place)
        return not self.missing

    def close(self) -> None:
        self._strategy.close()

    def _numbered(self, request: Request) -> Ask:
        digest = request.digest
        if request.n == 0:
            return Ask(request, digest, (0,) if request.score or request.choices else ())
        first = self._used[digest]
        self._used[digest] += request.n
        return Ask(request, digest, tuple(range(first, first + request.n)))

    def _answers(self) -> list[list[Completion]]:
        assert self._wave is not None
        return [[self._given[place] for place in ask.places] for ask in self._wave]
