from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message
from workers.backends.http_failure import Busy, TooSlow, Unreachable
from workers.backends.model_server import ModelServer
from workers.backends.server_fleet import ServerFleet, conversation_of


def fleet_of(*names: str, attempts: int = 5) -> ServerFleet:
    servers = [ModelServer(f"http://{name}/v1", key="", parallel=2, timeout=1.0) for name in names]
    return ServerFleet(servers, attempts=attempts)


def asked(
    fleet: ServerFleet, failing: dict[str, BackendError], conversation: str = "c"
) -> tuple[str, list[str]]:
    """The server that answered, and all that were tried."""
    tried: list[str] = []

    async def call(server: ModelServer) -> str:
        tried.append(server.url)
        if server.url in failing:
            raise failing[server.url]
        return server.url

    async def run() -> str:
        try:
            return await fleet.ask(conversation, call)
        finally:
            await fleet.close()

    return _waited(run()), tried


def _waited(what: Coroutine[Any, Any, Any]) -> Any:
    """The result, from a thread of its own: a browser test may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()


def test_conversation_is_the_system_and_the_first_question() -> None:
    head = [Message("system", "S"), Message("user", "Q")]
    begun = [*head, Message("assistant", "step 1")]
    assert conversation_of(head) == conversation_of(begun)
    assert conversation_of(head) != conversation_of([Message("system", "S"), Message("user", "Q2")])


def test_conversations_spread_evenly_and_only_a_lost_servers_move() -> None:
    three, two = fleet_of("a", "b", "c"), fleet_of("a", "b")
    homes = {str(i): three.order(str(i))[0].url for i in range(600)}
    shares = Counter(homes.values())
    assert min(shares.values()) > 150
    moved = {key for key in homes if two.order(key)[0].url != homes[key]}
    assert moved == {key for key, home in homes.items() if home == "http://c/v1"}
    _waited(three.close())
    _waited(two.close())


def test_next_server_of_the_conversation_steps_in() -> None:
    fleet = fleet_of("a", "b", "c")
    order = [server.url for server in fleet.order("c")]
    found, tried = asked(fleet, {order[0]: Unreachable("gone")})
    assert (found, tried) == (order[1], order[:2])


def test_what_cannot_help_is_not_tried_elsewhere() -> None:
    fleet = fleet_of("a", "b")
    refusal = BackendError("bad key", retry=False)
    with pytest.raises(BackendError, match="bad key"):
        asked(fleet, {"http://a/v1": refusal, "http://b/v1": refusal})


def test_what_took_too_long_is_tried_twice_at_most() -> None:
    fleet = fleet_of("a", attempts=9)
    with pytest.raises(TooSlow):
        asked(fleet, {"http://a/v1": TooSlow("slow")})


def test_long_pause_is_left_to_the_caller_unless_another_server_is_ready() -> None:
    alone = fleet_of("a")
    with pytest.raises(Busy) as caught:
        asked(alone, {"http://a/v1": Busy("busy", 47.0)})
    assert caught.value.wait == 47.0
    both = fleet_of("a", "b")
    first = both.order("c")[0].url
    found, tried = asked(both, {first: Busy("busy", 47.0)})
    assert tried == [first, found]
