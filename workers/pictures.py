"""Images that rows name by address, from the hosts on the operator's list, one after another.

Each host and each address that a name stands for is judged before it is connected to, and again at every redirect. A
server may be slow, endless or gone: so there are bounds on size and time for each image, and a host that fails again
and again is left alone for the rest of the file.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from functools import cached_property
from ssl import SSLContext
from typing import NoReturn
from urllib.parse import SplitResult, urljoin

import httpx2
from django.conf import settings

from annotate.addresses import Address, host_of
from annotate.errors import Rejected
from annotate.ingest.image_drafts import MOST_BYTES, TYPES
from annotate.ingest.image_hosts import ImageHosts, image_hosts_from
from workers.outward import Refused, at_the_first, client, judged, request_at, waited_for

# Seconds for one image, from looking the name up to its last byte, redirects included.
LONGEST = 20.0
MOST_REDIRECTS = 3
# So often in a row a host may fail; then the file's other images there are not asked for.
MOST_FAILURES = 3
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
_REDIRECTS = (301, 302, 303, 307, 308)
# What a server says that wants to be left in peace, or is out of order.
_TOO_MUCH = 429
_OUT_OF_ORDER = 500
_TOO_LARGE = f"it is larger than {MOST_BYTES // 1024 // 1024} MiB"


class _HostFailed(Exception):
    """It may do better later; what it says is for people."""


def image_fetcher() -> Pictures | None:
    """For one file. None where the operator has listed no host."""
    return Pictures(image_hosts_from(settings.IMAGE_HOSTS)) if settings.IMAGE_HOSTS else None


class Pictures:
    """What annotate/ingest/remote_images.py calls a Fetcher."""

    def __init__(self, hosts: ImageHosts) -> None:
        self._hosts = hosts
        self._failures: Counter[str] = Counter()

    def is_listed(self, address: str) -> bool:
        return self._hosts.is_listed(address)

    def fetch(self, address: str, seconds: float | None = None) -> bytes:
        """At most as many bytes as an image may have; whether they are one is for others to say.

        Raises Rejected, without a field: the reason is for whoever brings the file in, and tells nothing of this
        network but what stands in the row.
        """
        longest = LONGEST if seconds is None else min(LONGEST, seconds)
        try:
            parts = self._hosts.parts_of(address)
        except Rejected as error:
            _fail(error.reason)
        host = host_of(parts)
        if self._failures[host] >= MOST_FAILURES:
            _fail(f"{host} has failed {MOST_FAILURES} times in a row and is not asked again for this file")
        try:
            data = waited_for(self._within(parts, longest))
        except _HostFailed as error:
            self._failures[host] += 1
            _fail(str(error))
        except Refused as error:
            _fail(str(error).rstrip("."))
        except (TimeoutError, httpx2.TimeoutException):
            self._failures[host] += 1
            _fail(f"{host} did not send the whole of it within {longest:.3g} seconds")
        except (httpx2.TransportError, OSError):
            self._failures[host] += 1
            _fail(f"there is no connection to {host}, or it broke off")
        except (httpx2.InvalidURL, UnicodeError):
            _fail("its address is none")
        self._failures[host] = 0
        return data

    async def _within(self, parts: SplitResult, longest: float) -> bytes:
        """A server that sends a byte every few seconds is cut off as well."""
        async with asyncio.timeout(longest):
            for _ in range(MOST_REDIRECTS + 1):
                found = await self._asked(parts)
                if isinstance(found, bytes):
                    return found
                try:
                    parts = self._hosts.parts_of(urljoin(parts.geturl(), found))
                except (Rejected, ValueError) as error:
                    reason = error.reason if isinstance(error, Rejected) else "that is no address"
                    raise Refused(f"it leads on to another address, and {reason}") from None
        raise Refused(f"it leads on to another address more than {MOST_REDIRECTS} times")

    async def _asked(self, parts: SplitResult) -> bytes | str:
        """The bytes, or where they are said to lie."""
        host = host_of(parts)
        try:
            addresses = await judged(parts, self._hosts.may_connect)
        except socket.gaierror:
            raise _HostFailed(f"no address is known for {host}") from None
        if parts.scheme == "http" and any(self._hosts.needs_tls(host, address) for address in addresses):
            raise Refused(f"{host} is asked by https:// only")
        # One client for each: a connection that is kept would be known by its address, and not by whose certificate it
        # has shown.
        async with client(_TIMEOUT, self._tls) as asking:
            return await at_the_first(addresses, lambda address: self._sent(asking, parts, address))

    async def _sent(self, asking: httpx2.AsyncClient, parts: SplitResult, address: Address) -> bytes | str:
        request = request_at(address, parts, {"Accept": ", ".join(TYPES)})
        async with asking.stream("GET", **request) as response:
            status, host = response.status_code, host_of(parts)
            if status in _REDIRECTS and "location" in response.headers:
                return str(response.headers["location"])
            if status == _TOO_MUCH or status >= _OUT_OF_ORDER:
                raise _HostFailed(f"{host} answers {status}")
            if status != 200:
                raise Refused(f"{host} answers {status}")
            said = response.headers.get("content-length", "")
            if said.isdecimal() and int(said) > MOST_BYTES:
                raise Refused(_TOO_LARGE)
            data = bytearray()
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > MOST_BYTES:
                    raise Refused(_TOO_LARGE)
        return bytes(data)

    @cached_property
    def _tls(self) -> SSLContext:
        return httpx2.create_ssl_context()


def _fail(reason: str) -> NoReturn:
    raise Rejected(f"could not be fetched: {reason}") from None
