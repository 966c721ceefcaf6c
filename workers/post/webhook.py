"""A notice to a program: one POST to an address that was looked up, judged, and is the one connected to."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import SplitResult

import httpx2
from django.conf import settings
from django.utils import translation

from annotate.addresses import Address, Reach, reach_from
from annotate.errors import Rejected
from annotate.models import Notice
from annotate.notices.addresses import checked_url, parts_of
from annotate.notices.events import page_of, sentence_of
from annotate.notices.sending import Answer
from annotate.notices.signing import headers_of
from workers.outward import Refused, at_the_first, client, judged, request_at, waited_for

# Seconds, from looking the name up to the end of the answer; well below the lease of a notice.
LONGEST = 20.0
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
# So much of an answer is read; what is said in it is shown, and nothing is made of it.
_MOST_READ = 1024


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
        return waited_for(_within(url, signed, body, reach))
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
        addresses = await judged(parts, reach.may_connect)
        async with client(_TIMEOUT) as asking:
            return await at_the_first(
                addresses, lambda address: _asked(asking, parts, address, headers, body)
            )


async def _asked(
    asking: httpx2.AsyncClient, parts: SplitResult, address: Address, headers: dict[str, str], body: bytes
) -> Answer:
    request = request_at(address, parts, {**headers, "Content-Type": "application/json"})
    async with asking.stream("POST", content=body, **request) as response:
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
