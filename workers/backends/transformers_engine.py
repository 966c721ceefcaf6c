"""A checkpoint in this process, through Hugging Face transformers.

The sampling loop is our own: ``generate`` draws all rows of a batch from one random stream, so a sample would
depend on what else was asked. Here each sample has its own stream. What a batch can still change is rounding
inside the model; on a CPU, models under 20 million parameters run in float64, where it is too small to move a
token, so a resumed or re-batched run repeats itself. Larger models trade that for speed, as every engine
does.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from annotate.errors import BackendError
from annotate.prelabel.contracts import Completion, Request, TokenScore
from workers.backends.chat_prompt import ChatPrompt, ScoredText
from workers.backends.options import Options
from workers.backends.text_pieces import TextPieces
from workers.backends.token_choice import Draw, choose, generator_for

SMALL_PARAMETERS = 20_000_000
# Logits of a scoring batch, in numbers: 512 MB in float64.
MAX_LOGITS = 1 << 26
_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def open_backend(target: str, options: Options) -> TransformersBackend:
    """``transformers:FOLDER?dtype=auto&device=auto&batch=64&download=no``."""
    dtype = options.choice("dtype", "auto", ("auto", *_DTYPES))
    device = options.text("device", "auto")
    batch = options.whole("batch", 64)
    may_download = options.choice("download", "no", ("no", "yes")) == "yes"
    options.done()
    return TransformersBackend(target, dtype=dtype, device=device, batch=batch, may_download=may_download)


@dataclass(slots=True)
class _Row:
    """One sample in the making."""

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


class TransformersBackend:
    """Implements ``annotate.prelabel.contracts.Backend``; safe to share between threads, which take turns."""

    def __init__(
        self,
        path: str,
        *,
        dtype: str = "auto",
        device: str = "auto",
        batch: int = 64,
        may_download: bool = False,
    ) -> None:
        self.name = f"transformers:{Path(path).name}"
        self._batch = batch
        self._lock = threading.Lock()
        self._device = _device_called(device)
        self._model, self._tokenizer = _loaded(path, dtype, self._device, may_download)
        self._chat = ChatPrompt(self._tokenizer)
        config = self._model.config.get_text_config()
        self._context: int = getattr(config, "max_position_embeddings", None) or (1 << 30)
        self._ends = _end_tokens(self._model, self._tokenizer)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A scoring request (``n`` = 0) is answered by one completion without text."""
        with self._lock, torch.inference_mode():
            try:
                return self._answer(requests)
            except torch.OutOfMemoryError as error:
                reason = f"out of memory with batch={self._batch}; open it with less."
                raise BackendError(reason, retry=False) from error

    def close(self) -> None:
        """Let go of the weights."""
        del self._model
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        prompts = [self._chat.text(request.messages) for request, _ in requests]
        ids = [self._chat.ids(prompt) for prompt in prompts]
        scores = self._score_all([request for request, _ in requests], prompts, ids)
        rows = [
            self._row(request, sample, prompt)
            for (request, samples), prompt in zip(requests, ids, strict=True)
            if request.n > 0
            for sample in samples
        ]
        for chunk in self._chunks([row for row in rows if not row.finish]):
            self._generate(chunk)
        written = iter(rows)
        answers = []
        for (request, samples), prompt, score in zip(requests, ids, scores, strict=True):
            if request.n > 0:
                answers.append([self._completion(next(written), score) for _ in samples])
            else:
                answers.append([self._scored(score, samples[0] if samples else 0, len(prompt))])
        return answers

    def _row(self, request: Request, sample: int, prompt: Sequence[int]) -> _Row:
        room = self._context - len(prompt)
        generator = generator_for(request.sampling.seed, request.digest, sample)
        pieces = TextPieces(self._tokenizer, prompt, request.sampling.stop)
        return _Row(request, sample, prompt, room, generator, pieces, finish="" if room > 0 else "error")

    def _chunks(self, rows: Sequence[_Row]) -> Iterator[list[_Row]]:
        """Rows of similar length together; samples of one prompt are neighbours, so it is prefilled once."""
        ordered = sorted(rows, key=lambda row: len(row.prompt))
        for start in range(0, len(ordered), self._batch):
            yield ordered[start : start + self._batch]

    def _generate(self, rows: list[_Row]) -> None:
        logits, cache, mask = self._prefilled(rows)
        positions = mask.sum(dim=1)
        while True:
            tokens, logprobs = choose(logits, [row.draw() for row in rows])
            for row, token, logprob in zip(rows, tokens, logprobs, strict=True):
                row.take(token, logprob, self._ends)
            alive = [index for index, row in enumerate(rows) if not row.finish]
            if not alive:
                return
            if len(alive) < len(rows):
                kept = torch.tensor(alive, device=self._device)
                cache.batch_select_indices(kept)
                rows, mask, positions = [rows[index] for index in alive], mask[kept], positions[kept]
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
            step = torch.tensor([[tokens[index]] for index in alive], device=self._device)
            output = self._model(
                input_ids=step,
                attention_mask=mask,
                position_ids=positions[:, None],
                past_key_values=cache,
                use_cache=True,
            )
            logits, positions = output.logits[:, -1], positions + 1

    def _prefilled(self, rows: Sequence[_Row]) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Read each distinct prompt once, then repeat its cache for every sample drawn from it."""
        distinct: list[Sequence[int]] = []
        place: dict[int, int] = {}
        for row in rows:
            if id(row.prompt) not in place:
                place[id(row.prompt)] = len(distinct)
                distinct.append(row.prompt)
        width = max(map(len, distinct))
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in distinct], device=self._device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in distinct], device=self._device)
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
        output = self._model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        repeat = torch.tensor([place[id(row.prompt)] for row in rows], device=self._device)
        cache = output.past_key_values
        cache.batch_select_indices(repeat)
        return output.logits[:, -1][repeat], cache, mask[repeat]

    def _completion(self, row: _Row, score: tuple[TokenScore, ...] | str) -> Completion:
        if row.finish == "error":
            reason = f"the prompt has {len(row.prompt)} tokens; the model's context holds {self._context}"
            return Completion("", "error", row.sample, len(row.prompt), model=self.name, error=reason)
        is_full = row.finish == "length" and row.room < row.request.sampling.max_tokens
        error = f"the model's context of {self._context} tokens is full" if is_full else ""
        return Completion(
            row.pieces.end(is_cut=row.finish == "length"),
            "stop" if row.finish == "stop" else "length",
            row.sample,
            len(row.prompt),
            row.tokens,
            row.logprob,
            scores=score if isinstance(score, tuple) else (),
            model=self.name,
            error=error or (score if isinstance(score, str) else ""),
        )

    def _scored(self, score: tuple[TokenScore, ...] | str, sample: int, prompt_tokens: int) -> Completion:
        if isinstance(score, str):
            return Completion("", "error", sample, prompt_tokens, model=self.name, error=score)
        total = sum(token.logprob for token in score)
        return Completion("", "stop", sample, prompt_tokens, logprob=total, scores=score, model=self.name)

    def _score_all(
        self, requests: Sequence[Request], prompts: Sequence[str], ids: Sequence[list[int]]
    ) -> list[tuple[TokenScore, ...] | str]:
        """Scores of each request, or the reason why it has none."""
        found: list[tuple[TokenScore, ...] | str] = [()] * len(requests)
        jobs: list[tuple[int, list[int], ScoredText]] = []
        for index, request in enumerate(requests):
            if not request.score:
                continue
            text = self._chat.scored(prompts[index], request.score)
            needed = len(ids[index]) + len(text.ids)
            if needed > self._context:
                found[index] = (
                    f"prompt and text have {needed} tokens; the model's context holds {self._context}"
                )
            else:
                jobs.append((index, ids[index], text))
        for chunk in self._score_chunks(jobs):
            for (index, _, _), scores in zip(chunk, self._scores(chunk), strict=True):
                found[index] = scores
        return found

    def _score_chunks(
        self, jobs: list[tuple[int, list[int], ScoredText]]
    ) -> Iterator[list[tuple[int, list[int], ScoredText]]]:
        vocabulary = self._model.config.get_text_config().vocab_size
        chunk: list[tuple[int, list[int], ScoredText]] = []
        for job in sorted(jobs, key=lambda job: len(job[1]) + len(job[2].ids)):
            width = len(job[1]) + len(job[2].ids)
            if chunk and ((len(chunk) + 1) * width * vocabulary > MAX_LOGITS or len(chunk) == self._batch):
                yield chunk
                chunk = []
            chunk.append(job)
        if chunk:
            yield chunk

    def _scores(self, jobs: Sequence[tuple[int, list[int], ScoredText]]) -> list[tuple[TokenScore, ...]]:
        """One teacher-forced pass; padding stands at the right, where causal attention cannot see it."""
        rows = [[*prompt, *text.ids] for _, prompt, text in jobs]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=self._device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=self._device)
        logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        found = []
        for row, (_, prompt, text) in enumerate(jobs):
            before = logits[row, len(prompt) - 1 : len(prompt) - 1 + len(text.ids)].double()
            logprobs = torch.log_softmax(before, dim=-1)
            best = logprobs.max(dim=-1).values.tolist()
            actual = logprobs.gather(1, torch.tensor(text.ids, device=self._device)[:, None])[:, 0].tolist()
            found.append(
                tuple(
                    TokenScore(start, end, given, top)
                    for (start, end), given, top in zip(text.spans, actual, best, strict=True)
                )
            )
        return found


def _device_called(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _loaded(path: str, dtype: str, device: torch.device, may_download: bool) -> tuple[Any, Any]:
    if not may_download and not Path(path).is_dir():
        advice = "train or copy a model there, or add download=yes to fetch it from the Hugging Face Hub."
        raise BackendError(f"there is no model folder {path!r}; {advice}", retry=False)
    is_gpu = device.type == "cuda"
    first = torch.bfloat16 if is_gpu and dtype == "auto" else _DTYPES.get(dtype, torch.float32)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=not may_download)
        model: Any = AutoModelForCausalLM.from_pretrained(
            path,
            dtype=first,
            local_files_only=not may_download,
            # "eager" takes its softmax in float32, where the float64 mask of a padded row becomes NaN.
            attn_implementation="sdpa",
        )
    except (OSError, ValueError) as error:
        raise BackendError(f"the model in {path!r} cannot be loaded: {error}", retry=False) from error
    is_small = sum(parameter.numel() for parameter in model.parameters()) < SMALL_PARAMETERS
    if dtype == "auto" and is_small and not is_gpu:
        model = model.double()
    return model.to(device).eval(), tokenizer


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ends = configured if isinstance(configured, list) else [configured]
    return frozenset(int(token) for token in (*ends, tokenizer.eos_token_id) if token is not None)
