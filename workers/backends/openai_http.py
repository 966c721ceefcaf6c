"""A vLLM or OpenAI-compatible server over HTTP.

Every sampling field is sent with every request: servers fill what is missing from the model's own generation
config. Sample ``i`` of a request carries the seed ``base + i``, which is also what vLLM gives the i-th of
``n`` choices, so a sample keeps its seed whichever way samples are grouped. How far equal seeds give equal
texts is up to the server: its arithmetic changes with the batch.

A prefix is continued with vLLM's ``continue_final_message``; ``dialect=openai`` sends only standard fields
and refuses prefixes and scores, rather than have the server open a new turn.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx2

from annotate.errors import BackendError
from annotate.prelabel.contracts import Completion, FinishReason, Request
from workers.backends.http_failure import PromptTooLong, raise_for
from workers.backends.options import Options
from workers.backends.prompt_logprobs import Unmatched, scores_from

_FINISH: Mapping[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "refused"}
MAX_SEED = 1 << 31
# A server that asks for a longer pause is left to the caller, which can give the time to somebody else.
MAX_WAIT = 30.0


def open_backend(target: str, options: Options) -> OpenAIBackend:
    """``openai:http://HOST:8000/v1?model=NAME`` and key_env, dialect, parallel, timeout, attempts."""
    key_name = options.text("key_env", "")
    if key_name and key_name not in os.environ:
        raise BackendError(f"key_env={key_name}: this environment variable is not set.", retry=False)
    backend = OpenAIBackend(
        target,
        model=options.text("model", ""),
        key=os.environ.get(key_name, "") if key_name else "",
        is_vllm=options.choice("dialect", "vllm", ("vllm", "openai")) == "vllm",
        parallel=options.whole("parallel", 32),
        timeout=options.number("timeout", 600.0),
        attempts=options.whole("attempts", 5),
    )
    options.done()
    return backend


class OpenAIBackend:
    """Implements ``annotate.prelabel.contracts.Backend``.

    A request that still fails after ``attempts`` tries becomes completions that say so; only when none of a
    batch got through is the whole call a ``BackendError``.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        key: str = "",
        is_vllm: bool = True,
        parallel: int = 32,
        timeout: float = 600.0,
        attempts: int = 5,
    ) -> None:
        if not url.startswith(("http://", "https://")) or not model:
            form = "openai:http://host:8000/v1?model=NAME"
            raise BackendError(f"a server needs an address and a model: {form}", retry=False)
        self.name = f"openai:{model}"
        self._model, self._is_vllm, self._attempts = model, is_vllm, attempts
        self._client = httpx2.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0)),
            limits=httpx2.Limits(max_connections=parallel, max_keepalive_connections=parallel),
        )
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="openai-http")

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A scoring request (``n`` = 0) is answered by one completion without text."""
        pending = [
            self._threads.submit(self._answer_or_failure, request, samples) for request, samples in requests
        ]
        results = [future.result() for future in pending]
        failures = [result for result in results if isinstance(result, BackendError)]
        fatal = [failure for failure in failures if not failure.retry]
        if fatal or (failures and len(failures) == len(results)):
            raise (fatal or failures)[0]
        answers = []
        for (request, samples), result in zip(requests, results, strict=True):
            if isinstance(result, BackendError):
                answers.append(self._failed(request, samples, str(result)))
            else:
                answers.append(result)
        return answers

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._client.close()

    def _answer_or_failure(self, request: Request, samples: Sequence[int]) -> list[Completion] | BackendError:
        try:
            self._check_dialect(request)
            if request.n == 0:
                return [self._score(request)]
            drawn = self._draw(request, list(samples))
            scores = self._score(request).scores if request.score else ()
        except PromptTooLong as error:
            return self._failed(request, samples, str(error))
        except BackendError as error:
            return error
        return [replace(drawn[sample], scores=scores) for sample in samples]

    def _check_dialect(self, request: Request) -> None:
        if self._is_vllm:
            return
        if request.score:
            raise BackendError("this server returns no prompt log-probabilities.", retry=False)
        if _has_prefix(request):
            raise BackendError("this server cannot continue a begun answer; use a vLLM server.", retry=False)

    def _draw(self, request: Request, wanted: list[int]) -> dict[int, Completion]:
        """Ask for runs of neighbouring samples until none is missing: servers may return fewer than ``n``."""
        drawn: dict[int, Completion] = {}
        if request.sampling.temperature == 0:
            # Greedy samples are copies of each other, and vLLM refuses n > 1 for them.
            choices, usage = self._choices(request, 0, 1)
            return {sample: self._completion(choices[0], sample, usage, 1) for sample in wanted}
        while missing := [sample for sample in wanted if sample not in drawn]:
            first = missing[0]
            run = next((i for i, sample in enumerate(missing) if sample != first + i), len(missing))
            choices, usage = self._choices(request, first, run)
            for offset, choice in enumerate(choices[:run]):
                drawn[first + offset] = self._completion(choice, first + offset, usage, len(choices))
        return drawn

    def _choices(self, request: Request, first: int, n: int) -> tuple[list[Any], Mapping[str, Any]]:
        body = self._body(request) | {"n": n, "seed": (_base_seed(request) + first) % MAX_SEED}
        answer = self._post("/chat/completions", body)
        choices = sorted(answer.get("choices") or [], key=lambda choice: choice.get("index", 0))
        if not choices:
            raise BackendError("the server returned no choices.", retry=True)
        return choices, answer.get("usage") or {}

    def _body(self, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "stream": False,
        }
        if self._is_vllm:
            is_prefix = _has_prefix(request)
            body |= {
                "top_k": sampling.top_k or -1,
                "min_p": 0.0,
                "repetition_penalty": 1.0,
                "continue_final_message": is_prefix,
                "add_generation_prompt": not is_prefix,
            }
        return body

    def _completion(
        self, choice: Mapping[str, Any], sample: int, usage: Mapping[str, Any], shared: int
    ) -> Completion:
        message = choice.get("message") or {}
        reason = str(choice.get("finish_reason"))
        finish = "refused" if message.get("refusal") else _FINISH.get(reason, "error")
        return Completion(
            message.get("content") or "",
            finish,
            sample,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            # The server counts a whole request; a single choice is the only one whose share is known.
            completion_tokens=int(usage.get("completion_tokens") or 0) if shared == 1 else 0,
            model=self.name,
            error=f"the server ended with {reason}" if finish == "error" else "",
        )

    def _score(self, request: Request) -> Completion:
        """Read the scored text's own log-probabilities by sending it as part of the prefix."""
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        if _has_prefix(request):
            messages[-1]["content"] += request.score
        else:
            messages = [m for m in messages if m["role"] != "assistant"]
            messages.append({"role": "assistant", "content": request.score})
        body = self._body(request) | {
            "messages": messages,
            "n": 1,
            "max_tokens": 1,
            "seed": 0,
            "prompt_logprobs": 1,
            "continue_final_message": True,
            "add_generation_prompt": False,
        }
        answer = self._post("/chat/completions", body)
        entries = answer.get("prompt_logprobs")
        if not entries:
            raise BackendError("this server returns no prompt log-probabilities.", retry=False)
        try:
            scores = scores_from(entries, request.score)
        except Unmatched as error:
            return self._failed(request, [0], str(error))[0]
        usage = answer.get("usage") or {}
        total = sum(token.logprob for token in scores)
        return Completion(
            "", "stop", 0, int(usage.get("prompt_tokens") or 0), logprob=total, scores=scores, model=self.name
        )

    def _failed(self, request: Request, samples: Sequence[int], reason: str) -> list[Completion]:
        numbers = samples if request.n else (0,)
        return [Completion("", "error", sample, model=self.name, error=reason) for sample in numbers]

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._post_once(path, body)
            except BackendError as error:
                if not error.retry or attempt == self._attempts or error.wait > MAX_WAIT:
                    raise
                time.sleep(error.wait or 0.1 * 2**attempt)
        raise AssertionError("unreachable")

    def _post_once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            response = self._client.post(path, json=dict(body))
        except httpx2.TimeoutException as error:
            raise BackendError("the server did not answer in time.", retry=True) from error
        except httpx2.TransportError as error:
            raise BackendError(f"no connection to the server: {error}", retry=True) from error
        raise_for(response)
        try:
            answer = response.json()
        except ValueError as error:
            raise BackendError("the server's answer is not JSON.", retry=True) from error
        if not isinstance(answer, dict):
            raise BackendError("the server's answer is not an object.", retry=False)
        return answer


def _has_prefix(request: Request) -> bool:
    last = request.messages[-1]
    return last.role == "assistant" and bool(last.content)


def _base_seed(request: Request) -> int:
    key = hashlib.sha256(f"{request.sampling.seed}:{request.digest}".encode()).digest()
    return int.from_bytes(key[:4], "big") % MAX_SEED
