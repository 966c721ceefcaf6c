"""A checkpoint in this process through vLLM's offline engine: for large batches on a worker's own GPU.

Prompts are rendered and tokenised here, as for ``transformers``, and handed over as token ids. Prefix caching is on, a
request's samples are one call, and the engine schedules the whole batch. Sample ``i`` has the seed ``base + i``;
vLLM's arithmetic changes with the batch, so equal seeds give equal texts only as far as that lets them
(``VLLM_BATCH_INVARIANT=1`` trades speed for more).

Log-probabilities are those of the unmodified model (vLLM's ``raw_logprobs``, set here). Scoring reads its prompt
whole: vLLM takes no prompt log-probabilities from its cache.
"""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, Completion, Request
from workers.backends.chat_prompt import ChatPrompt
from workers.backends.model_identity import revision_of
from workers.backends.options import Options
from workers.backends.vllm_calls import Call, calls_for, read_calls

# Twice as much is claimed by each worker; more would leave little for the others at the end of a run.
_BATCH = 512


def open_backend(target: str, options: Options) -> VLLMBackend:
    """``vllm:PATH?tensor_parallel=1&max_len=&dtype=auto&revision=&memory=0.9&download=no``."""
    tensor_parallel = options.whole("tensor_parallel", 1)
    if options.whole("data_parallel", 1) > 1:
        advice = "start one worker per GPU, or one server per GPU and name them all in an openai: address."
        raise BackendError(f"data_parallel: one process drives one copy of a model; {advice}", retry=False)
    max_len = options.text("max_len", "")
    if max_len and not max_len.isdigit():
        raise BackendError(f"max_len={max_len}: must be a whole number of tokens.", retry=False)
    dtype = options.choice("dtype", "auto", ("auto", "bfloat16", "float16", "float32"))
    revision = options.text("revision", "")
    memory = options.number("memory", 0.9)
    may_download = options.choice("download", "no", ("no", "yes")) == "yes"
    options.done()
    if not may_download and not Path(target).is_dir():
        advice = "copy a model there, or add download=yes to fetch it from the Hugging Face Hub."
        raise BackendError(f"there is no model folder {target!r}; {advice}", retry=False)
    return _opened(
        target, tensor_parallel, int(max_len) if max_len else None, dtype, revision or None, memory
    )


class VLLMBackend:
    """Implements ``annotate.prelabel.contracts.Backend`` around an engine with vLLM's ``generate``."""

    def __init__(
        self,
        engine: Any,
        tokenizer: Any,
        make_params: Callable[..., Any],
        *,
        name: str,
        context: int,
        revision: str = "",
        server: str = "",
    ) -> None:
        self.name = name
        # The engine admits and replaces sequences by itself; the more a batch holds, the less its end costs.
        self.appetite = Appetite(samples=_BATCH)
        self._engine, self._make_params, self._context = engine, make_params, context
        self._chat = ChatPrompt(tokenizer)
        self._blank = Completion("", "stop", model=name, revision=revision, server=server)
        self._lock = threading.Lock()

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A request that draws nothing (``n`` = 0) is answered by one completion without text."""
        calls = [calls_for(request, samples, self._chat) for request, samples in requests]
        # One prompt that does not fit would make the engine refuse the whole batch.
        is_short = [all(len(call.ids) < self._context for call in group) for group in calls]
        fitting = [call for group, fits in zip(calls, is_short, strict=True) if fits for call in group]
        outputs = iter(self._generated(fitting))
        answers = []
        for (request, samples), group, fits in zip(requests, calls, is_short, strict=True):
            if fits:
                found = [next(outputs) for _ in group]
                answers.append(read_calls(request, samples, group, found, self._blank))
            else:
                answers.append(self._refused(request, samples, max(len(call.ids) for call in group)))
        return answers

    def close(self) -> None:
        """Stop the engine's processes and let go of the weights."""
        with self._lock:
            core = getattr(getattr(self._engine, "llm_engine", None), "engine_core", None)
            if core is not None:
                core.shutdown()
            del self._engine
        gc.collect()

    def _generated(self, calls: Sequence[Call]) -> list[Any]:
        if not calls:
            return []
        prompts = [{"prompt_token_ids": list(call.ids)} for call in calls]
        params = [self._make_params(**call.params) for call in calls]
        with self._lock:
            try:
                found: list[Any] = self._engine.generate(prompts, params, use_tqdm=False)
            except ValueError as error:
                raise BackendError(f"vLLM refused the batch: {error}", retry=False) from error
        return found

    def _refused(self, request: Request, samples: Sequence[int], size: int) -> list[Completion]:
        reason = f"prompt and text have {size} tokens; the model's context holds {self._context}"
        numbers = samples if request.n else (samples[0] if samples else 0,)
        return [
            Completion("", "error", sample, model=self.name, server=self._blank.server, error=reason)
            for sample in numbers
        ]


def _opened(
    path: str, tensor_parallel: int, max_len: int | None, dtype: str, revision: str | None, memory: float
) -> VLLMBackend:
    try:
        vllm = importlib.import_module("vllm")
    except ModuleNotFoundError as error:
        advice = "install the `vllm` extra of this project on a Linux machine with an NVIDIA GPU."
        raise BackendError(f"{error.name} is not installed; {advice}", retry=False) from error
    from transformers import AutoTokenizer

    try:
        engine = vllm.LLM(
            model=path,
            revision=revision,
            tokenizer_revision=revision,
            dtype=dtype,
            tensor_parallel_size=tensor_parallel,
            max_model_len=max_len,
            gpu_memory_utilization=memory,
            enable_prefix_caching=True,
            logprobs_mode="raw_logprobs",
            max_logprobs=128,
            # The model's own sampling defaults stay out: every field is sent.
            generation_config="vllm",
            seed=0,
        )
        tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    except (OSError, ValueError, RuntimeError) as error:
        raise BackendError(f"vLLM cannot load {path!r}: {error}", retry=False) from error
    config = engine.llm_engine.vllm_config.model_config
    return VLLMBackend(
        engine,
        tokenizer,
        vllm.SamplingParams,
        name=f"vllm:{Path(path).name}",
        context=config.max_model_len,
        revision=revision_of(path, getattr(config.hf_config, "_commit_hash", None)),
        server=f"vllm {vllm.__version__}, {config.dtype}, tensor_parallel {tensor_parallel}",
    )
