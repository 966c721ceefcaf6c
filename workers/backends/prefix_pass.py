"""Run a model over a prefix plan: log-probabilities where somebody asks, and caches to continue from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from workers.backends.prefix_plan import PrefixPlan

# Logits of one pass, in numbers: 512 MB in float64.
MAX_LOGITS = 1 << 26

Target = tuple[int, int, int]
"""A stretch, a position in its path, and the token whose probability after that position is asked."""


@dataclass(slots=True)
class Wanted:
    """``targets`` are scored, ``rows`` (stretch, position) keep all their logits; ``is_continued`` keeps caches."""

    targets: set[Target] = field(default_factory=set)
    rows: set[tuple[int, int]] = field(default_factory=set)
    is_continued: bool = False


def is_sliceable(model: Any) -> bool:
    """Whether every layer remembers every token, so that a cache can be cut at any position."""
    layers = DynamicCache(config=model.config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


class PrefixPass:
    """What one run over ``plan`` found.

    ``scores`` gives (log-probability, that of the best token) in natural logarithms; ``rows`` all logits.
    """

    def __init__(self, model: Any, device: torch.device, plan: PrefixPlan, wanted: Wanted) -> None:
        self._model, self._device, self._plan, self._wanted = model, device, plan, wanted
        self._memory: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        self._parents = {stretch.parent for stretch in plan.stretches}
        self.scores: dict[Target, tuple[float, float]] = {}
        self.rows: dict[tuple[int, int], torch.Tensor] = {}
        targets: dict[int, list[tuple[int, int]]] = {}
        for stretch, position, token in sorted(wanted.targets):
            targets.setdefault(stretch, []).append((position, token))
        kept: dict[int, list[int]] = {}
        for stretch, position in sorted(wanted.rows):
            kept.setdefault(stretch, []).append(position)
        for level in plan.levels():
            for chunk in self._chunks(level, targets, kept):
                self._read(chunk, targets, kept)

    def cache(self, ends: Sequence[tuple[int, int]]) -> tuple[DynamicCache, torch.Tensor]:
        """Caches of (stretch, length) paths as rows, padded at the left, with the mask of what is real."""
        width = max(length for _, length in ends)
        mask = torch.zeros(len(ends), width, dtype=torch.long, device=self._device)
        layers = len(next(iter(self._memory.values())))
        data = [self._layer(layer, ends, width) for layer in range(layers)]
        for row, (_, length) in enumerate(ends):
            mask[row, width - length :] = 1
        return DynamicCache(data), mask

    def _layer(
        self, layer: int, ends: Sequence[tuple[int, int]], width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        sample_keys, sample_values = next(iter(self._memory.values()))[layer]
        keys = sample_keys.new_zeros(len(ends), sample_keys.shape[0], width, sample_keys.shape[2])
        values = sample_values.new_zeros(len(ends), sample_values.shape[0], width, sample_values.shape[2])
        for row, (stretch, length) in enumerate(ends):
            at = width - length
            for piece, start, end in self._plan.pieces(stretch, length):
                of_keys, of_values = self._memory[piece][layer]
                keys[row, :, at : at + end - start] = of_keys[:, start:end]
                values[row, :, at : at + end - start] = of_values[:, start:end]
                at += end - start
        return keys, values

    def _chunks(
        self,
        level: Sequence[int],
        targets: Mapping[int, list[tuple[int, int]]],
        kept: Mapping[int, list[int]],
    ) -> Iterator[list[int]]:
        """Stretches of similar length together, as long as their logits fit."""
        vocabulary = self._model.config.get_text_config().vocab_size
        chunk: list[int] = []
        for number in sorted(level, key=lambda number: len(self._plan.stretches[number].ids)):
            positions = len(self._positions([*chunk, number], targets, kept))
            if chunk and (len(chunk) + 1) * positions * vocabulary > MAX_LOGITS:
                yield chunk
                chunk = []
            chunk.append(number)
        if chunk:
            yield chunk

    def _positions(
        self,
        chunk: Sequence[int],
        targets: Mapping[int, list[tuple[int, int]]],
        kept: Mapping[int, list[int]],
    ) -> list[int]:
        """Places within the stretches of a chunk whose logits somebody wants."""
        found: set[int] = set()
        for number in chunk:
            start = self._plan.stretches[number].start
            found.update(position - start for position, _ in targets.get(number, ()))
            found.update(position - start for position in kept.get(number, ()))
        return sorted(found)

    def _read(
        self,
        chunk: Sequence[int],
        targets: Mapping[int, list[tuple[int, int]]],
        kept: Mapping[int, list[int]],
    ) -> None:
        is_kept = self._wanted.is_continued or any(number in self._parents for number in chunk)
        positions = self._positions(chunk, targets, kept)
        if not positions and not is_kept:
            return
        logits, cache, past = self._passed(chunk, positions or [0], is_kept)
        places = {position: place for place, position in enumerate(positions)}
        for row, number in enumerate(chunk):
            stretch = self._plan.stretches[number]
            if is_kept:
                self._memory[number] = [
                    (
                        layer.keys[row, :, past : past + len(stretch.ids)],
                        layer.values[row, :, past : past + len(stretch.ids)],
                    )
                    for layer in cache.layers
                ]
            for position in kept.get(number, ()):
                self.rows[number, position] = logits[row, places[position - stretch.start]]
            if number in targets:
                self._score(number, logits[row], places, targets[number])

    def _passed(
        self, chunk: Sequence[int], positions: Sequence[int], is_kept: bool
    ) -> tuple[torch.Tensor, Any, int]:
        stretches = [self._plan.stretches[number] for number in chunk]
        width = max(len(stretch.ids) for stretch in stretches)
        pad = [width - len(stretch.ids) for stretch in stretches]
        ids = torch.tensor(
            [[*s.ids, *[0] * p] for s, p in zip(stretches, pad, strict=True)], device=self._device
        )
        mask = torch.tensor([[1] * (width - p) + [0] * p for p in pad], device=self._device)
        cache: Any = None
        past = 0
        if stretches[0].depth:
            cache, before = self.cache([(s.parent or 0, s.start) for s in stretches])
            mask, past = torch.cat([before, mask], dim=1), before.shape[1]
        starts = torch.tensor([s.start for s in stretches], device=self._device)
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=starts[:, None] + torch.arange(width, device=self._device)[None, :],
            past_key_values=cache,
            use_cache=is_kept or cache is not None,
            logits_to_keep=torch.tensor(positions, device=self._device),
        )
        return output.logits, output.past_key_values, past

    def _score(
        self,
        number: int,
        logits: torch.Tensor,
        places: Mapping[int, int],
        targets: Sequence[tuple[int, int]],
    ) -> None:
        start = self._plan.stretches[number].start
        distinct = sorted({position for position, _ in targets})
        order = {position: place for place, position in enumerate(distinct)}
        rows = torch.tensor([places[position - start] for position in distinct], device=self._device)
        logprobs = torch.log_softmax(logits[rows].double(), dim=-1)
        best = logprobs.max(dim=-1).values.tolist()
        at = torch.tensor([order[position] for position, _ in targets], device=self._device)
        tokens = torch.tensor([token for _, token in targets], device=self._device)
        for (position, token), found in zip(targets, logprobs[at, tokens].tolist(), strict=True):
            self.scores[number, position, token] = (found, best[order[position]])
