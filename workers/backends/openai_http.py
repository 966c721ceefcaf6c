"""vLLM or OpenAI-compatible servers over HTTP.

Every sampling field is sent with every request: servers fill what is missing from the model's own generation
config. Sample ``i`` of a request carries the seed ``base + i``, which is also what vLLM gives the i-th of
``n`` choices, so a sample keeps its seed whichever way samples are grouped. How far equal seeds give equal
texts is up to the server: its arithmetic changes with the batch.

A prefix is continued with vLLM's ``continue_final_message``; ``dialect=openai`` sends only standard fields
and refuses prefixes and scores, rather than have the server open a new turn. ``docs/backends.md`` has the options.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, Completion, Request
from workers.backends.chat_answer import Prices
from workers.backends.model_server import ModelServer
from workers.backends.options import Options
from workers.backends.served_request import ServedModel
from workers.backends.server_fleet import ServerFleet
from workers.backends.withdrawal import Withdrawn, undone_by

_MOST_SAMPLES = 1024


def open_backend(target: str, options: Options) -> OpenAIBackend:
    """``openai:http://A:8000/v1,http://B:8000/v1?model=NAME`` and the options of ``docs/backends.md``."""
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
        choices=options.choice("choices", "auto", ("auto", "typed", "tokens", "text")),
        prices=Prices(options.price("usd_in"), options.price("usd_out")),
        is_tested=options.choice("selftest", "yes", ("yes", "no")) == "yes",
    )
    options.done()
    return backend


class OpenAIBackend:
    """Implements ``annotate.prelabel.contracts.Backend``; safe to share between threads.

    A request that still fails after ``attempts`` tries becomes completions that say so; only when none of a
    batch got through is the whole call a ``BackendError``. All requests share one client on one thread of its own.
    """

    def __init__(
        self,
        urls: str,
        *,
        model: str,
        key: str = "",
        is_vllm: bool = True,
        parallel: int = 32,
        timeout: float = 600.0,
        attempts: int = 5,
        choices: str = "auto",
        prices: Prices | None = None,
        is_tested: bool = True,
    ) -> None:
        addresses = list(dict.fromkeys(url.strip().rstrip("/") for url in urls.split(",")))
        if not model or not all(url.startswith(("http://", "https://")) for url in addresses):
            form = "openai:http://host:8000/v1?model=NAME"
            raise BackendError(f"a server needs an address and a model: {form}", retry=False)
        self.name = f"openai:{model}"
        # Servers schedule by themselves: every question is a call of its own, so that none waits for the slowest.
        self.appetite = Appetite(calls=parallel * len(addresses), samples=_MOST_SAMPLES, requests=1)
        servers = [ModelServer(url, key=key, parallel=parallel, timeout=timeout) for url in addresses]
        self._fleet = ServerFleet(servers, attempts=attempts)
        self._served = ServedModel(
            self._fleet,
            model=model,
            name=self.name,
            is_vllm=is_vllm,
            choices=choices,
            prices=prices or Prices(),
            is_tested=is_tested,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai-http", daemon=True)
        self._thread.start()

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A request that draws nothing (``n`` = 0) is answered by one completion without text."""
        if not requests:
            return []
        answering = asyncio.run_coroutine_threadsafe(self._all(requests), self._loop)
        try:
            # Cancelled, it closes its connections: what servers write for nobody they would write to its end.
            with undone_by(answering.cancel):
                results = answering.result()
        except CancelledError:
            raise Withdrawn from None
        failures = [result for result in results if isinstance(result, BackendError)]
        fatal = [failure for failure in failures if not failure.retry]
        if fatal or (failures and len(failures) == len(results)):
            raise (fatal or failures)[0]
        return [
            self._served.failed(request, samples, result) if isinstance(result, BackendError) else result
            for (request, samples), result in zip(requests, results, strict=True)
        ]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._fleet.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _all(
        self, requests: Sequence[tuple[Request, Sequence[int]]]
    ) -> list[list[Completion] | BackendError]:
        return await asyncio.gather(*(self._one(request, list(samples)) for request, samples in requests))

    async def _one(self, request: Request, samples: list[int]) -> list[Completion] | BackendError:
        try:
            return await self._served.answer(request, samples)
        except BackendError as error:
            return error
