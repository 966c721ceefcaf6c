"""Write many samples at once, token by token, each with its own settings and its own random numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from annotate.prelabel.contracts import Request
from workers.backends.text_pieces import TextPieces
from workers.backends.token_choice import Draw, choose


@dataclass(slots=True)
class Row:
    """One sample in the making. ``room`` is how many tokens the model's context has left."""

    request: Request
    sample: int
    prompt: Sequence[int]
    room: int
    generator: random.Random
    pieces: TextPieces
    tokens: int = 0
    logprob: float = 0.0
    finish: str = ""

    def draw(self) -> Draw:
        sampling = self.request.sampling
        return Draw(sampling, self.generator.random() if sampling.temperature > 0 else 0.0)

    def take(self, token: int, logprob: float, ends: frozenset[int]) -> None:
        self.tokens += 1
        self.logprob += logprob
        if token in ends or self.pieces.push(token):
            self.finish = "stop"
        elif self.tokens >= min(self.request.sampling.max_tokens, self.room):
            self.finish = "length"


def write(
    model: Any,
    rows: Sequence[Row],
    logits: torch.Tensor,
    cache: Any,
    mask: torch.Tensor,
    ends: frozenset[int],
) -> None:
    """Continue every row until it ends, from ``logits`` after its prompt and a left-padded ``cache`` of it."""
    alive_rows = list(rows)
    positions = mask.sum(dim=1)
    while True:
        tokens, logprobs = choose(logits, [row.draw() for row in alive_rows])
        for row, token, logprob in zip(alive_rows, tokens, logprobs, strict=True):
            row.take(token, logprob, ends)
        alive = [index for index, row in enumerate(alive_rows) if not row.finish]
        if not alive:
            return
        if len(alive) < len(alive_rows):
            kept = torch.tensor(alive, device=mask.device)
            cache.batch_select_indices(kept)
            alive_rows = [alive_rows[index] for index in alive]
            mask, positions = mask[kept], positions[kept]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
        output = model(
            input_ids=torch.tensor([[tokens[index]] for index in alive], device=mask.device),
            attention_mask=mask,
            position_ids=positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        logits, positions = output.logits[:, -1], positions + 1
