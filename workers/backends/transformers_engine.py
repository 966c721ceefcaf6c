"""A checkpoint in this process, through Hugging Face transformers.

The sampling loop is our own: ``generate`` draws all rows of a batch from one random stream, so a sample would
depend on what else was asked. Here each sample has its own stream. What a batch can still change is rounding
inside the model; on a CPU, models under 20 million parameters run in float64, where it is too small to move a
token, so a resumed or re-batched run repeats itself. Larger models trade that for speed, as every engine
does; on a GPU they run in bfloat16 unless told otherwise.

What the prompts and texts of one call share at their beginning is read once (``prefix_plan``). Models with layers that
forget (sliding windows, recurrent layers) have caches that cannot be cut; their prompts are read whole.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, ChoiceSource, Completion, Request, TokenScore
from workers.backends.chat_prompt import ChatPrompt, ScoredText
from workers.backends.model_identity import revision_of
from workers.backends.options import Options
from workers.backends.prefix_pass import PrefixPass, Wanted, is_sliceable
from workers.backends.prefix_plan import PrefixPlan, planned
from workers.backends.sample_rows import Row, write
from workers.backends.text_pieces import TextPieces
from workers.backends.token_choice import generator_for

SMALL_PARAMETERS = 20_000_000
# Tokens whose caches may be held at once: 4 GB for a model of 8 billion parameters.
MAX_HELD = 1 << 15
_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def open_backend(target: str, options: Options) -> TransformersBackend:
    """``transformers:FOLDER?dtype=auto&device=auto&batch=64&download=no&prefixes=shared``."""
    dtype = options.choice("dtype", "auto", ("auto", *_DTYPES))
    device = options.text("device", "auto")
    batch = options.whole("batch", 64)
    may_download = options.choice("download", "no", ("no", "yes")) == "yes"
    is_shared = options.choice("prefixes", "shared", ("shared", "apart")) == "shared"
    options.done()
    return TransformersBackend(
        target, dtype=dtype, device=device, batch=batch, may_download=may_download, is_shared=is_shared
    )


@dataclass(slots=True)
class _Ask:
    """A request with its tokens, and what was found of it. ``texts`` are what it wants scored after its prompt."""

    request: Request
    samples: Sequence[int]
    prompt: tuple[int, ...]
    texts: tuple[ScoredText, ...]
    fault: str = ""
    scores: list[tuple[TokenScore, ...]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def is_drawn(self) -> bool:
        return self.request.n > 0 and not self.request.choices

    @property
    def longest(self) -> tuple[int, ...]:
        return max((self.prompt, *(text.ids for text in self.texts)), key=len)

    @property
    def read_tokens(self) -> int:
        """Tokens of the prompt, and of what is scored besides; what was shared with others is not taken off."""
        return len(self.prompt) + sum(len(text.spans) for text in self.texts)


class TransformersBackend:
    """Implements ``annotate.prelabel.contracts.Backend``; safe to share between threads, which take turns.

    ``choices`` are read exactly: the probability of a text is the product of its tokens' after the prompt, under the
    unmodified model, and every sample of such a request gets the same. A text that begins like another (``good``,
    ``good enough``) holds the other's probability too.
    """

    def __init__(
        self,
        path: str,
        *,
        dtype: str = "auto",
        device: str = "auto",
        batch: int = 64,
        may_download: bool = False,
        is_shared: bool = True,
    ) -> None:
        self.name = f"transformers:{Path(path).name}"
        self.appetite = Appetite(samples=batch)
        self._batch = batch
        self._lock = threading.Lock()
        self._device = _device_called(device)
        self._model, self._tokenizer = _loaded(path, dtype, self._device, may_download)
        self._chat = ChatPrompt(self._tokenizer)
        config = self._model.config.get_text_config()
        self._context: int = getattr(config, "max_position_embeddings", None) or (1 << 30)
        self._ends = _end_tokens(self._model, self._tokenizer)
        self._is_sliceable = is_sliceable(self._model)
        self._is_shared = is_shared and self._is_sliceable
        self._revision = revision_of(path, getattr(self._model.config, "_commit_hash", None))
        kind = str(self._model.dtype).removeprefix("torch.")
        versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
        self._server = f"{versions}, {self._device.type}, {kind}"

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A request that draws nothing (``n`` = 0) is answered by one completion without text."""
        with self._lock, torch.inference_mode():
            try:
                asks = [self._ask(request, samples) for request, samples in requests]
                for herd in self._herds([ask for ask in asks if not ask.fault]):
                    self._serve(herd)
            except torch.OutOfMemoryError as error:
                reason = f"out of memory with batch={self._batch}; open it with less."
                raise BackendError(reason, retry=False) from error
        return [self._completions(ask) for ask in asks]

    def close(self) -> None:
        """Let go of the weights."""
        del self._model
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _ask(self, request: Request, samples: Sequence[int]) -> _Ask:
        text = self._chat.text(request.messages)
        wanted = (*((request.score,) if request.score else ()), *request.choices)
        ask = _Ask(
            request,
            samples if request.n > 0 else (samples[0] if samples else 0,),
            tuple(self._chat.ids(text)),
            tuple(self._chat.scored(text, score) for score in wanted),
        )
        needed = max(len(ask.prompt) + ask.is_drawn, len(ask.longest))
        if needed > self._context:
            what = "prompt and text have" if len(ask.longest) > len(ask.prompt) else "the prompt has"
            ask.fault = f"{what} {len(ask.longest)} tokens; the model's context holds {self._context}"
        return ask

    def _herds(self, asks: Sequence[_Ask]) -> Iterator[list[_Ask]]:
        """Requests that are served together: those that begin alike stand side by side."""
        herd: list[_Ask] = []
        held = 0
        for ask in sorted(asks, key=lambda ask: ask.longest):
            size = len(ask.longest)
            if herd and (len(herd) == self._batch or held + size > MAX_HELD):
                yield herd
                herd, held = [], 0
            herd.append(ask)
            held += size
        if herd:
            yield herd

    def _serve(self, herd: Sequence[_Ask]) -> None:
        """Read what the herd's requests share once, score their texts, and draw their samples."""
        drawn = [ask for ask in herd if ask.is_drawn]
        read = drawn if self._is_sliceable else []
        # The last token of a scored text is asked about, not read.
        texts = [text for ask in herd for text in ask.texts]
        sequences = [ask.prompt for ask in read] + [text.ids[:-1] for text in texts]
        ends: list[tuple[int, int]] = []
        passed = None
        if sequences:
            plan = planned(sequences, is_shared=self._is_shared)
            ends = [(end, len(sequence)) for end, sequence in zip(plan.ends, sequences, strict=True)]
            passed = PrefixPass(self._model, self._device, plan, _wanted(plan, ends, texts, len(read)))
            found = iter(_scores(plan, passed, ends[len(read) :], texts))
            for ask in herd:
                ask.scores = [next(found) for _ in ask.texts]
        for ask in drawn:
            ask.rows = [self._row(ask, sample) for sample in ask.samples]
        places = {id(ask.prompt): end for ask, end in zip(read, ends, strict=False)}
        for rows in self._chunks([row for ask in drawn for row in ask.rows]):
            if passed is not None and read:
                logits, cache, mask = self._continued(passed, plan, rows, places)
            else:
                logits, cache, mask = self._prefilled(rows)
            write(self._model, rows, logits, cache, mask, self._ends)

    def _row(self, ask: _Ask, sample: int) -> Row:
        generator = generator_for(ask.request.sampling.seed, ask.request.digest, sample)
        pieces = TextPieces(self._tokenizer, ask.prompt, ask.request.sampling.stop)
        room = self._context - len(ask.prompt)
        return Row(ask.request, sample, ask.prompt, room, generator, pieces)

    def _chunks(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Rows of similar length together; samples of one prompt are neighbours."""
        ordered = sorted(rows, key=lambda row: len(row.prompt))
        for start in range(0, len(ordered), self._batch):
            yield ordered[start : start + self._batch]

    def _continued(
        self, passed: PrefixPass, plan: PrefixPlan, rows: Sequence[Row], places: dict[int, tuple[int, int]]
    ) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """What was read of each row's prompt, once per sample drawn from it."""
        distinct = list(dict.fromkeys(places[id(row.prompt)] for row in rows))
        repeat = torch.tensor([distinct.index(places[id(row.prompt)]) for row in rows], device=self._device)
        cache, mask = passed.cache(distinct)
        logits = [passed.rows[plan.owner(end, length - 1), length - 1] for end, length in distinct]
        cache.batch_select_indices(repeat)
        return torch.stack(logits)[repeat], cache, mask[repeat]

    def _prefilled(self, rows: Sequence[Row]) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Read each distinct prompt whole, for models whose caches cannot be cut; padding stands at the left."""
        distinct = list(dict.fromkeys(tuple(row.prompt) for row in rows))
        width = max(map(len, distinct))
        ids = torch.tensor([[0] * (width - len(p)) + list(p) for p in distinct], device=self._device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in distinct], device=self._device)
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
        output = self._model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        repeat = torch.tensor([distinct.index(tuple(row.prompt)) for row in rows], device=self._device)
        cache = output.past_key_values
        cache.batch_select_indices(repeat)
        return output.logits[:, -1][repeat], cache, mask[repeat]

    def _completions(self, ask: _Ask) -> list[Completion]:
        blank = [self._blank(ask, sample) for sample in ask.samples]
        if ask.fault:
            return [replace(completion, finish_reason="error", error=ask.fault) for completion in blank]
        scores = ask.scores[0] if ask.request.score else ()
        if ask.is_drawn:
            return [self._drawn(c, row, scores) for c, row in zip(blank, ask.rows, strict=True)]
        labels = ask.scores[1:] if ask.request.score else ask.scores
        total = sum(token.logprob for token in scores) if ask.request.score else None
        choices = {
            choice: sum(token.logprob for token in found)
            for choice, found in zip(ask.request.choices, labels, strict=True)
        }
        source: ChoiceSource = "tokens" if choices else ""
        return [
            replace(completion, logprob=total, scores=scores, choices=choices, choice_source=source)
            for completion in blank
        ]

    def _blank(self, ask: _Ask, sample: int) -> Completion:
        # The prompt is read once for all samples, and counted so.
        read = ask.read_tokens if sample == ask.samples[0] and not ask.fault else 0
        return Completion(
            "", "stop", sample, read, model=self.name, revision=self._revision, server=self._server
        )

    def _drawn(self, blank: Completion, row: Row, scores: tuple[TokenScore, ...]) -> Completion:
        sampling = row.request.sampling
        is_full = row.finish == "length" and row.room < sampling.max_tokens
        return replace(
            blank,
            text=row.pieces.end(is_cut=row.finish == "length"),
            finish_reason="stop" if row.finish == "stop" else "length",
            completion_tokens=row.tokens,
            logprob=row.logprob,
            scores=scores,
            seed=sampling.seed if sampling.temperature > 0 else None,
            error=f"the model's context of {self._context} tokens is full" if is_full else "",
        )


def _wanted(
    plan: PrefixPlan, ends: Sequence[tuple[int, int]], texts: Sequence[ScoredText], n_drawn: int
) -> Wanted:
    """What the pass must keep: the first ``n_drawn`` sequences are continued, the others end in these texts."""
    wanted = Wanted(is_continued=n_drawn > 0)
    for end, length in ends[:n_drawn]:
        wanted.rows.add((plan.owner(end, length - 1), length - 1))
    for (end, _), text in zip(ends[n_drawn:], texts, strict=True):
        for place in range(text.start, len(text.ids)):
            wanted.targets.add((plan.owner(end, place - 1), place - 1, text.ids[place]))
    return wanted


def _scores(
    plan: PrefixPlan, passed: PrefixPass, ends: Sequence[tuple[int, int]], texts: Sequence[ScoredText]
) -> Iterator[tuple[TokenScore, ...]]:
    for (end, _), text in zip(ends, texts, strict=True):
        found = []
        for place, (start, stop) in enumerate(text.spans, text.start):
            given, best = passed.scores[plan.owner(end, place - 1), place - 1, text.ids[place]]
            found.append(TokenScore(start, stop, given, best))
        yield tuple(found)


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
