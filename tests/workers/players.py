"""Tiny strategies, backends and a store in memory, for testing whatever drives them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from annotate.errors import BackendError
from annotate.prelabel.contracts import (
    Answer,
    Appetite,
    Completion,
    Finding,
    Message,
    Opinion,
    Request,
    Silence,
    Strategy,
)
from workers.waves import Place


def a_request(text: str, n: int = 1, *, score: str = "") -> Request:
    return Request((Message("user", text),), n=n, score=score)


def counting(text: str, waves: Sequence[int] = (2, 4)) -> Strategy:
    """Ask the same question in waves and report every text seen, in order."""
    seen: list[str] = []
    for n in waves:
        (completions,) = yield [a_request(text, n)]
        seen += [f"{c.sample}:{c.finish_reason}:{c.text}" for c in completions]
    return Finding((Opinion(0, "good", evidence={"seen": seen}),))


def early_stopping(text: str, steps: int = 4, k: int = 4) -> Strategy:
    """Shaped like a rollout scan: at each step waves until a text ends in an even digit, else stop there."""
    opinions: list[Opinion] = []
    for step in range(steps):
        tried: list[str] = []
        while len(tried) < k and not any(_is_hit(one) for one in tried):
            (completions,) = yield [a_request(f"{text}/{step}", 2)]
            tried += [c.text for c in completions]
        is_good = any(_is_hit(one) for one in tried)
        opinions.append(Opinion(step, "good" if is_good else "bad", evidence={"tried": tried}))
        if not is_good:
            rest = tuple(Silence(later, "after the first error") for later in range(step + 1, steps))
            return Finding(tuple(opinions), rest)
    return Finding(tuple(opinions))


def _is_hit(text: str) -> bool:
    return int(text[-1], 16) >= 10


@dataclass
class HashBackend:
    """Answers with a hash of (digest, sample), so that any mix-up shows; counts what it was asked."""

    name: str = "hash"
    calls: int = 0
    appetite: Appetite = field(default_factory=Appetite)
    asked: Counter[Place] = field(default_factory=Counter)
    largest: int = 0

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        self.calls += 1
        self.largest = max(self.largest, sum(len(samples) for _, samples in requests))
        return [[self.one(request, sample) for sample in samples] for request, samples in requests]

    def one(self, request: Request, sample: int) -> Completion:
        self.asked[request.digest, sample] += 1
        text = hashlib.sha256(f"{request.digest}/{sample}".encode()).hexdigest()[:8]
        return Completion(text, "stop", sample, prompt_tokens=3, completion_tokens=2, model=self.name)

    def close(self) -> None: ...


@dataclass
class FailingBackend(HashBackend):
    """Raises ``errors`` one after the other before it starts to answer."""

    errors: list[BackendError] = field(default_factory=list)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if self.errors:
            self.calls += 1
            raise self.errors.pop(0)
        return super().answer(requests)


@dataclass
class MemoryStore:
    held: dict[Place, Completion] = field(default_factory=dict)
    owners: dict[Place, int] = field(default_factory=dict)
    writes: int = 0

    def stored(self, digests: Collection[str]) -> Mapping[Place, Completion]:
        return {place: completion for place, completion in self.held.items() if place[0] in digests}

    def keep(self, answers: Sequence[Answer]) -> Mapping[Place, Completion]:
        self.writes += 1
        for one in answers:
            self.held.setdefault((one.digest, one.completion.sample), one.completion)
            self.owners.setdefault((one.digest, one.completion.sample), one.unit)
        return {
            (one.digest, one.completion.sample): self.held[one.digest, one.completion.sample]
            for one in answers
        }
