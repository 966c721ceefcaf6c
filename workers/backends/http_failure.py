"""What an HTTP error of a model server means: try again, give up, or this one prompt is too long."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import httpx2

from annotate.errors import BackendError

_TRY_AGAIN = frozenset({408, 409, 425})
_LENGTH_WORDS = ("context length", "context window", "too long", "maximum model length", "max_model_len")


class Unreachable(BackendError):
    """No connection, or it broke; another server may do."""

    def __init__(self, reason: str, *, is_timeout: bool = False) -> None:
        super().__init__(reason, retry=True, is_timeout=is_timeout)


class TooSlow(Unreachable):
    """No answer within the time limit."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_timeout=True)


class Busy(BackendError):
    """The server asks to be left alone for a while."""

    def __init__(self, reason: str, wait: float) -> None:
        super().__init__(reason, retry=True, wait=wait)


class Unserved(BackendError):
    """The server knows no such route, field or question; asking again does not help, another way may."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason, retry=False)
        self.status = status


class PromptTooLong(Exception):
    """The server refused one prompt for its length; the others of a batch are fine."""


def raise_for(response: httpx2.Response) -> None:
    """Nothing for a good answer, else ``PromptTooLong`` or ``BackendError``."""
    status = response.status_code
    if status < 400:
        return
    words = _words(response)
    if status in (400, 413, 422) and any(hint in words.lower() for hint in _LENGTH_WORDS):
        raise PromptTooLong(f"the prompt is too long for the server: {words}")
    reason = f"the server answered {status}: {words}"
    if status in (429, 503):
        raise Busy(reason, _wait(response))
    if status in (404, 405, 501, 400, 422):
        raise Unserved(reason, status)
    if status in _TRY_AGAIN or status >= 500:
        raise BackendError(
            reason, retry=True, wait=_wait(response) if "Retry-After" in response.headers else 0.0
        )
    if status in (401, 403):
        reason += " (is key_env set to the variable that holds the server's key?)"
    raise BackendError(reason, retry=False)


def _wait(response: httpx2.Response) -> float:
    """Seconds the server asks for, as a number or a date; 1 where it does not say."""
    asked = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError):
        return 1.0


def _words(response: httpx2.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        body = response.text
    error = body.get("error", body) if isinstance(body, dict) else body
    message = error.get("message", error) if isinstance(error, dict) else error
    return str(message)[:300] or "no reason given"
