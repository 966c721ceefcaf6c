"""Answerers for scoring requests: a stated log-probability per letter of the scored text."""

from __future__ import annotations

from collections.abc import Callable

from annotate.prelabel.contracts import Completion, Request, TokenScore


def per_letter(text: str, logprob: float, best: float = 0.0) -> tuple[TokenScore, ...]:
    return tuple(TokenScore(i, i + 1, logprob, best) for i in range(len(text)))


def scorer(level: Callable[[Request], float]) -> Callable[[Request, int], Completion]:
    """Every letter of the scored text gets ``level(request)``."""
    return lambda request, sample: Completion("", "stop", scores=per_letter(request.score, level(request)))


def prefix_of(request: Request) -> str:
    """What the assistant has said so far, the forced opening included."""
    return "".join(message.content for message in request.messages if message.role == "assistant")
