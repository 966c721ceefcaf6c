"""A notice to a program: one POST to an address that was looked up, judged, and is the one connected to."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult

import httpx2
from django.conf import settings
from django.utils import translation

from annotate.errors import Rejected
from annotate.models import Notice
from annotate.notices.addresses import Address, Reach, checked_url, host_of, parts_of, reach_from
from annotate.notices.events import page_of, sentence_of
from annotate.notices.sending import Answer
from annotate.notices.signing import headers_of

# Seconds, from looking the name up to the end of the answer; well below the lease of a notice.
LONGEST = 20.0
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
# So much of an answer is read; what is said in it is shown, and nothing is made of it.
_MOST_READ = 1024
# A host of many addresses is tried at the first few.
_MOST_ADDRESSES = 3

# The address is a secret now and then, and has no place in a log.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Refused(Exception):
    """The address may not be connected to, however often it is tried."""


def body_of(notice: Notice) -> bytes:
    """The same for every try. In English, as all that programs read."""
    project = notice.listener.project
    with translation.override("en"):
        says = sentence_of(notice.event, notice.facts)
    page = settings.SITE_ADDRESS + page_of(notice.event, notice.facts, project.slug)
    body = {
        "type": notice.event,
        "timestamp": notice.created_at.isoformat(),
        "data": {"project": project.slug, **notice.facts, "says": says, "page": page},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def post(notice: Notice) -> Answer:
    """Try once. Whatever goes wrong on the way is an answer, too."""
    body = body_of(notice)
    signed = headers_of(notice.listener, message_id=notice.message_id, timestamp=int(time.time()), body=body)
    try:
        url = checked_url(notice.listener.url, reach := reach_from(settings.WEBHOOK_HOSTS))
        return asyncio.run(_within(url, signed, body, reach))
    except Rejected as error:
        return Answer(False, words=f"The address {error.reason}", is_final=True)
    except Refused as error:
        return Answer(False, words=str(error), is_final=True)
    except (TimeoutError, httpx2.TimeoutException):
        return Answer(False, words=f"No whole answer within {LONGEST:.0f} seconds.")
    except (httpx2.TransportError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        return Answer(False, words=f"No connection: {error}")


async def _within(url: str, headers: dict[str, str], body: bytes, reach: Reach) -> Answer:
    """A receiver that says one letter every few seconds is cut off as well."""
    async with asyncio.timeout(LONGEST):
        parts = parts_of(url)
        addresses = await _found(parts, reach)
        # No proxy from the environment: it would do the looking up, and nobody would judge what it found.
        async with httpx2.AsyncClient(
            trust_env=False, verify=httpx2.create_ssl_context(), timeout=_TIMEOUT, follow_redirects=False
        ) as client:
            for address in addresses[:-1]:
                try:
                    return await _asked(client, parts, address, headers, body)
                except (httpx2.ConnectError, httpx2.ConnectTimeout):
                    continue
            return await _asked(client, parts, addresses[-1], headers, body)


async def _found(parts: SplitResult, reach: Reach) -> list[Address]:
    """What the name stands for at this moment, all of it judged."""
    host = host_of(parts)
    found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))
    for address in addresses:
        if not reach.may_connect(host, address):
            # Not which one: a manager has no need to know what names of this network stand for.
            raise Refused(f"{host} is no public address, and the operator has not named it.")
    return addresses[:_MOST_ADDRESSES]


async def _asked(
    client: httpx2.AsyncClient, parts: SplitResult, address: Address, headers: dict[str, str], body: bytes
) -> Answer:
    host = f"[{address}]" if address.version == 6 else str(address)
    place = f"{host}:{parts.port}" if parts.port else host
    sent: dict[str, Any] = {
        "content": body,
        "headers": {
            **headers,
            # The name is for the certificate and for the receiver; the connection goes to the address.
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"Gradus/{settings.VERSION}",
        },
        "extensions": {"sni_hostname": host_of(parts)},
    }
    url = parts._replace(netloc=place).geturl()
    async with client.stream("POST", url, **sent) as response:
        said = b""
        async for chunk in response.aiter_raw():
            said += chunk
            if len(said) >= _MOST_READ:
                break
    status = response.status_code
    words = said[:_MOST_READ].decode("utf-8", "replace")
    if 300 <= status < 400:
        words = "It leads on to another address; none is followed."
    # 410: the receiver wants no more of it, by the specification.
    return Answer(200 <= status < 300, status, words, is_final=status == 410)
