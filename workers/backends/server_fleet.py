"""Several servers of one model: a conversation stays with one of them as long as that one answers."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message
from workers.backends.http_failure import Busy, TooSlow
from workers.backends.model_server import ModelServer
from workers.backends.withdrawal import Withdrawn

# A server that asks for a longer pause is left to the caller, which can give the time to somebody else.
MAX_WAIT = 30.0
# What took the whole time limit twice will take it again, and is paid each time.
SLOW_TRIES = 2

Answered = TypeVar("Answered")


def conversation_of(messages: Sequence[Message]) -> str:
    """What all requests about one trace share: the system's and the first user's message."""
    head: list[str] = []
    for message in messages:
        head.append(f"{message.role}\0{message.content}")
        if message.role == "user":
            break
    return "\0".join(head)


class ServerFleet:
    """Servers in the order of a rendezvous hash of the conversation.

    The trace's server holds its prefix in its cache. Adding or losing a server moves only the conversations that
    stood on it, and they return when it does.
    """

    def __init__(self, servers: Sequence[ModelServer], *, attempts: int) -> None:
        self._servers, self._attempts = list(servers), attempts

    def order(self, conversation: str) -> list[ModelServer]:
        def weight(server: ModelServer) -> bytes:
            return hashlib.sha256(f"{server.url}\0{conversation}".encode()).digest()

        return sorted(self._servers, key=weight, reverse=True)

    async def ask(self, conversation: str, call: Callable[[ModelServer], Awaitable[Answered]]) -> Answered:
        """The result of ``call`` on the first server that answers.

        Raises the last ``BackendError`` after ``attempts`` tries, at once where trying again cannot help, and where
        every server asks for a long pause.
        """
        order = self.order(conversation)
        last: ModelServer | None = None
        for attempt in range(1, self._attempts + 1):
            server = _next(order, last)
            if server.wait > MAX_WAIT:
                raise Busy("the server asked to be left alone", server.wait)
            await asyncio.sleep(server.wait)
            try:
                return await call(server)
            except Withdrawn:
                raise
            except BackendError as error:
                last = server
                pause = min(self._pause(other, error, attempt, last) for other in order)
                is_hopeless = isinstance(error, TooSlow) and attempt >= SLOW_TRIES
                if not error.retry or attempt == self._attempts or pause > MAX_WAIT or is_hopeless:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    @staticmethod
    def _pause(server: ModelServer, error: BackendError, attempt: int, last: ModelServer) -> float:
        """Seconds before ``server`` may be the next; whoever just failed gets some time even where it asked none."""
        if server is not last:
            return server.wait
        return max(server.wait, error.wait or 0.1 * 2**attempt * random.uniform(0.5, 1.0))

    async def close(self) -> None:
        for server in self._servers:
            await server.close()


def _next(order: Sequence[ModelServer], last: ModelServer | None) -> ModelServer:
    """The conversation's own server if it is ready, else the next that is, else the one that is ready first.

    Whoever failed a moment ago comes after the others, so that a try is not spent on it twice in a row.
    """
    others = [server for server in order if server is not last] or list(order)
    ready = [server for server in others if server.wait == 0]
    return ready[0] if ready else min(order, key=lambda server: server.wait)
