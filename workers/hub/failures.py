"""What went wrong between a worker and the Hub, in a sentence, and whether to try again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
# The Hub's own word for "another commit came first" is 412; 409 and 423 say that somebody is at it just now.
_MOVED = frozenset({409, 412, 423})
_MOST_SAID = 300
_RATE = re.compile(r";\s*t\s*=\s*(\d+)")

_SAID = {
    401: "The Hub does not take the token: it is wrong, has expired or was withdrawn.",
    403: "The token may not do this. It needs the right to write to this data set, or to make it.",
    404: "The Hub has no such data set, or the token may not see it.",
    413: "The Hub takes no request as large as this one.",
    429: "The Hub has had too many requests from this account.",
}


class HubFailure(Exception):
    """``is_passing``: worth another try after ``wait`` seconds (None: as the caller likes)."""

    def __init__(self, reason: str, *, is_passing: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_passing = is_passing
        self.wait = wait


def failure_of(error: BaseException, token: str = "") -> HubFailure | None:
    """What an error of the Hub's client means; None where it is none of its.

    The token, and the signatures in addresses of the store behind the Hub, are in no sentence.
    """
    for one in _chain(error):
        if isinstance(one, HubFailure):
            return one
        response = getattr(one, "response", None)
        if isinstance(response, httpx2.Response):
            return _of_answer(response, token)
        if isinstance(one, httpx2.TransportError):
            reason = _told(str(one) or type(one).__name__, token)
            return HubFailure(f"The Hub cannot be reached: {reason}", is_passing=True)
    named = type(error)
    if named.__module__.startswith("huggingface_hub"):
        return HubFailure(f"The Hub's client gives up: {_told(str(error) or named.__name__, token)}")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from: the client wraps what goes wrong while a file is sent."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _of_answer(response: httpx2.Response, token: str) -> HubFailure:
    status = response.status_code
    where = f"{response.request.method} {urlsplit(str(response.request.url)).path}"
    told = _told(_message(response), token)
    because = f" It says: {told}" if told else ""
    if status in _MOVED:
        return HubFailure(
            f"The data set was changed on the Hub meanwhile ({status} to {where}).{because}", is_passing=True
        )
    said = _SAID.get(status, "The Hub is not well." if status >= 500 else "The Hub refuses.")
    wait = _wait(response) if status in _PASSING else None
    return HubFailure(f"{said} ({status} to {where}){because}", is_passing=status in _PASSING, wait=wait)


def _message(response: httpx2.Response) -> str:
    if header := response.headers.get("x-error-message"):
        return str(header)
    try:
        body: Any = response.json()
    except (ValueError, httpx2.StreamError):
        return ""
    if not isinstance(body, dict):
        return ""
    found = body.get("error") or body.get("message") or ""
    return found if isinstance(found, str) else ""


def _wait(response: httpx2.Response) -> float | None:
    """Seconds for which the Hub wants to be left alone, by either of the headers it uses."""
    if (after := response.headers.get("retry-after", "")).isdigit():
        return float(after)
    limit = _RATE.search(response.headers.get("ratelimit", ""))
    return float(limit[1]) if limit else None


def _told(text: str, token: str) -> str:
    first = text.strip().partition("\n")[0][:_MOST_SAID]
    first = re.sub(r"(https?://[^\s?]+)\?\S+", r"\1?…", first)
    return first.replace(token, "…") if token else first
