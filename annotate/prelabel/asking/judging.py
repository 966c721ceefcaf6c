"""What judges that write share: their settings, the request, and what follows a step they call bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.continuations.rollouts import AFTER_ERROR
from annotate.prelabel.contracts import (
    Finding,
    Message,
    Opinion,
    Request,
    Sampling,
    Silence,
)
from annotate.settings import require

MOST_VOTES = 256


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """``good`` and ``bad`` are level keys of the criterion the run labels."""

    system: str = ""
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 4096
    seed: int = 0
    good: str = "good"
    bad: str = "bad"

    def __post_init__(self) -> None:
        require(self.temperature >= 0, "temperature", "must not be negative.")
        require(0 < self.top_p <= 1, "top_p", "must lie in (0, 1].")
        require(self.top_k >= 0, "top_k", "must not be negative.")
        require(self.max_tokens >= 1, "max_tokens", "must be at least 1.")
        require(self.good != self.bad, "bad", "must differ from good.")

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_p, self.top_k, self.max_tokens, (), self.seed)

    def request(
        self, *content: str, n: int = 1, about: int | None = None, purpose: str, choices: tuple[str, ...] = ()
    ) -> Request:
        """One question; more than one ``content`` is a conversation, the user's and the model's turns in turn."""
        system = (Message("system", self.system),) if self.system else ()
        turns = tuple(
            Message("assistant" if place % 2 else "user", text) for place, text in enumerate(content)
        )
        return Request((*system, *turns), n, self.sampling, choices=choices, about=about, purpose=purpose)


def require_votes(votes: int, min_votes: int, temperature: float) -> None:
    """``min_votes`` 0 stands for more than half of ``votes``."""
    require(1 <= votes <= MOST_VOTES, "votes", f"must lie between 1 and {MOST_VOTES}.")
    require(votes == 1 or temperature > 0, "temperature", "must be above 0 for votes to differ.")
    require(0 <= min_votes <= votes, "min_votes", "must lie between 0 and votes.")


def least_votes(votes: int, min_votes: int) -> int:
    return min_votes or votes // 2 + 1


def silent(reason: str, **evidence: Any) -> Finding:
    """Nothing to say about the whole trace."""
    return Finding(silences=(Silence(None, reason, evidence),))


def until_first_bad(said: Sequence[Opinion | Silence], bad: str) -> list[Opinion | Silence]:
    """``said``, in the order of the steps, with what comes after the first bad step turned into silences.

    What was said there stays in their evidence: whether a step that follows from a mistake is a mistake is a
    convention, not a finding.
    """
    kept: list[Opinion | Silence] = []
    is_over = False
    for one in said:
        if is_over:
            shown = {"said": one.value} if isinstance(one, Opinion) else {"said": one.reason}
            kept.append(Silence(one.position, AFTER_ERROR, {**shown, **one.evidence}))
        else:
            kept.append(one)
            is_over = isinstance(one, Opinion) and one.value == bad
    return kept


def found(said: Sequence[Opinion | Silence], bad: str, **summary: Any) -> Finding:
    """The finding of what was said step by step; ``first_error`` is the first step called bad."""
    opinions = tuple(one for one in said if isinstance(one, Opinion))
    errors = [opinion.position for opinion in opinions if opinion.value == bad]
    totals = {"first_error": errors[0] if errors else None, "judged": len(opinions), **summary}
    return Finding(opinions, tuple(one for one in said if isinstance(one, Silence)), totals)
