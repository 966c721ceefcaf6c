"""A connection to an address that was looked up, judged, and is the one connected to.

Whoever judges a name and lets a library look it up again judges another answer than the one that is used: names may
stand for something else a moment later. So it is looked up once, all it stands for is judged, and what is connected to
is one of these addresses, with the name for the certificate and the receiver alone.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any, TypeVar
from urllib.parse import SplitResult

import httpx2
from django.conf import settings

from annotate.addresses import Address, host_of

# A host of many addresses is tried at the first few.
_MOST_ADDRESSES = 3

T = TypeVar("T")

# The address is a secret now and then, and has no place in a log.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Refused(Exception):
    """The address may not be connected to, however often it is tried."""


def client(timeout: httpx2.Timeout, tls: SSLContext | None = None) -> httpx2.AsyncClient:
    """Follows no redirect. ``tls``: made already, for many connections."""
    # No proxy from the environment: it would do the looking up, and nobody would judge what it found.
    return httpx2.AsyncClient(
        trust_env=False, verify=tls or httpx2.create_ssl_context(), timeout=timeout, follow_redirects=False
    )


def waited_for(what: Coroutine[Any, Any, T]) -> T:
    """What comes of it, also where this thread has a loop of its own already, as a notebook's has."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(what)
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, what).result()


async def judged(parts: SplitResult, may_connect: Callable[[str, Address], bool]) -> list[Address]:
    """What the name stands for at this moment, all of it judged; the first few of it."""
    host = host_of(parts)
    found = await _looked_up(host, parts.port or 443)
    addresses = list(dict.fromkeys(ip_address(name.partition("%")[0]) for name in found))
    for address in addresses:
        if not may_connect(host, address):
            # Not which one: nobody outside has a need to know what names of this network stand for.
            raise Refused(f"{host} is no public address, and the operator has not named it.")
    return addresses[:_MOST_ADDRESSES]


async def _looked_up(host: str, port: int) -> list[str]:
    """As the loop would, but in a thread that nobody waits for: a loop does not end before its own threads, and a name
    server that says nothing would outlast every limit."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str], failure: Exception | None) -> None:
        if answer.done():
            return
        if failure is None:
            answer.set_result(found)
        else:
            answer.set_exception(failure)

    def look() -> None:
        found: list[str] = []
        failure: Exception | None = None
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, ValueError) as error:
            failure = error
        # Without its loop, whoever asked has given up.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, found, failure)

    threading.Thread(target=look, name="name-lookup", daemon=True).start()
    return await answer


async def at_the_first(addresses: Sequence[Address], ask: Callable[[Address], Awaitable[T]]) -> T:
    """What ``ask`` makes of the first address that takes a connection."""
    for address in addresses[:-1]:
        try:
            return await ask(address)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
    return await ask(addresses[-1])


def request_at(address: Address, parts: SplitResult, headers: dict[str, str]) -> dict[str, Any]:
    """The arguments of a request to ``parts``, at one of the addresses its name stands for."""
    host = f"[{address}]" if address.version == 6 else str(address)
    place = f"{host}:{parts.port}" if parts.port else host
    return {
        "url": parts._replace(netloc=place).geturl(),
        "headers": {
            **headers,
            # The name is for the certificate and for the receiver; the connection goes to the address.
            "Host": parts.netloc,
            "Accept-Encoding": "identity",
            "User-Agent": f"Gradus/{settings.VERSION}",
        },
        "extensions": {"sni_hostname": host_of(parts)},
    }
