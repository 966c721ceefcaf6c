"""One model server: its connections, how many requests it gets at once, and when it is left alone."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from annotate.errors import BackendError
from workers import tracing
from workers.backends.http_failure import Busy, TooSlow, Unreachable, raise_for
from workers.backends.withdrawal import make_sure

# Failures in a row after which a server is left alone, and for how long at most (seconds).
BREAKS_AFTER = 3
LONGEST_BREAK = 30.0

# One line per request would drown a run's log.
logging.getLogger("httpx2").setLevel(logging.WARNING)


async def _before_it_leaves(event: str, _: Mapping[str, Any]) -> None:
    """A connection may have taken its time."""
    if event.endswith("send_request_headers.started"):
        make_sure()


class ModelServer:
    """``parallel`` requests at most are under way at once.

    A lost connection, or three failures in a row, close it to new requests for a while that doubles each time; the
    first request after that is the trial. A server that says when to come back is believed.
    """

    def __init__(self, url: str, *, key: str, parallel: int, timeout: float) -> None:
        self.url = url.rstrip("/")
        self._root = self.url.removesuffix("/v1")
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0), pool=None),
            limits=httpx2.Limits(max_connections=parallel, max_keepalive_connections=parallel),
        )
        tracing.follow(self._client)
        self._places = asyncio.Semaphore(parallel)
        self._failures = 0
        self.ready_at = 0.0

    @property
    def wait(self) -> float:
        """Seconds until it may be asked again."""
        return max(0.0, self.ready_at - time.monotonic())

    async def post(
        self, path: str, body: Mapping[str, Any], *, name: str = "", is_root: bool = False
    ) -> dict[str, Any]:
        """One try. ``name`` says which question this is, the same for every try of it."""
        headers = {"X-Request-Id": name} if name else {}
        address = (self._root if is_root else self.url) + path
        return await self._asked(
            self._client.build_request("POST", address, json=dict(body), headers=headers)
        )

    async def get(self, path: str, *, is_root: bool = False) -> dict[str, Any]:
        return await self._asked(
            self._client.build_request("GET", (self._root if is_root else self.url) + path)
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def _asked(self, request: httpx2.Request) -> dict[str, Any]:
        request.extensions["trace"] = _before_it_leaves
        async with self._places:
            make_sure()
            try:
                response = await self._client.send(request)
            except httpx2.TimeoutException as error:
                raise self._failed(TooSlow("the server did not answer in time.")) from error
            except httpx2.TransportError as error:
                raise self._failed(Unreachable(f"no connection to the server: {error}")) from error
        try:
            raise_for(response)
        except BackendError as error:
            raise self._failed(error) from error
        self._failures = 0
        try:
            answer = response.json()
        except ValueError as error:
            raise BackendError("the server's answer is not JSON.", retry=True) from error
        if not isinstance(answer, dict):
            raise BackendError("the server's answer is not an object.", retry=False)
        return answer

    def _failed(self, error: BackendError) -> BackendError:
        """Decide how long to leave the server alone; the error goes on to whoever asked."""
        if isinstance(error, Busy):
            self._rest(error.wait)
        elif error.retry and not self.wait:
            # Requests that fail together are one failure.
            self._failures += 1
            if self._failures >= BREAKS_AFTER or (isinstance(error, Unreachable) and self._failures > 1):
                self._rest(min(LONGEST_BREAK, 0.1 * 2**self._failures) * random.uniform(0.5, 1.0))
        elif not error.retry:
            self._failures = 0
        return error

    def _rest(self, seconds: float) -> None:
        self.ready_at = max(self.ready_at, time.monotonic() + seconds)
