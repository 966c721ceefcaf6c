"""Choose next tokens for many rows at once, each row with its own settings and its own random numbers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from annotate.prelabel.contracts import Sampling


def generator_for(seed: int, digest: str, sample: int) -> random.Random:
    """The random stream of one sample: it depends on nothing that shares its batch."""
    key = hashlib.sha256(f"{seed}:{digest}:{sample}".encode()).digest()
    return random.Random(int.from_bytes(key[:8], "big"))


@dataclass(frozen=True, slots=True)
class Draw:
    """What one row needs to choose: its settings and a uniform number in [0, 1)."""

    sampling: Sampling
    uniform: float


def choose(logits: torch.Tensor, draws: Sequence[Draw]) -> tuple[list[int], list[float]]:
    """Per row of ``logits`` (rows × vocabulary): a token and its log-probability under the unmodified model.

    Sampling inverts the cumulative distribution in vocabulary order, so one uniform number decides one token.
    """
    logprobs = torch.log_softmax(logits.double(), dim=-1)
    chosen = logprobs.argmax(dim=-1)
    rows = [row for row, draw in enumerate(draws) if draw.sampling.temperature > 0]
    if rows:
        chosen[rows] = _sampled(logprobs[rows], [draws[row] for row in rows])
    picked = logprobs.gather(1, chosen[:, None])[:, 0]
    return chosen.tolist(), picked.tolist()


def _sampled(logprobs: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    def column(values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=logprobs.dtype, device=logprobs.device)[:, None]

    scaled = logprobs / column([draw.sampling.temperature for draw in draws])
    if any(draw.sampling.top_k > 0 or draw.sampling.top_p < 1 for draw in draws):
        scaled = _restricted(scaled, draws)
    cumulative = torch.softmax(scaled, dim=-1).cumsum(dim=-1)
    points = column([draw.uniform for draw in draws]) * cumulative[:, -1:]
    # right=True finds the first token whose cumulative share exceeds the point: it has a share of its own.
    return torch.searchsorted(cumulative, points, right=True)[:, 0].clamp(max=scaled.shape[1] - 1)


def _restricted(scaled: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """Forbid what top-k, then top-p of the renormalised rest, exclude; ties go to the smaller token id."""
    size = scaled.shape[1]
    ordered, order = scaled.sort(dim=-1, descending=True, stable=True)
    ranks = torch.arange(size, device=scaled.device)[None, :]
    top_k = torch.tensor([draw.sampling.top_k or size for draw in draws], device=scaled.device)[:, None]
    ordered = ordered.masked_fill(ranks >= top_k, -torch.inf)
    top_p = torch.tensor([draw.sampling.top_p for draw in draws], dtype=scaled.dtype, device=scaled.device)[
        :, None
    ]
    shares = torch.softmax(ordered, dim=-1)
    is_beyond = (shares.cumsum(dim=-1) - shares >= top_p) & (top_p < 1)
    # The most probable token always stays, whatever rounding did to its share.
    ordered = ordered.masked_fill(is_beyond & (ranks > 0), -torch.inf)
    return torch.empty_like(scaled).scatter_(1, order, ordered)
