"""Guessing names and passwords, codes or tokens: counted in the database, so that every web process knows the same.

django-axes counts; here stands whose attempts are counted together and what somebody who is locked out reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext

from webapp.addresses import API

TOO_MANY = 429
# Wrong tokens have no name; they are counted by address alone.
NAMELESS = "(a token)"
# Before the name of whose second factor somebody tries to guess. No name that somebody signs in with has brackets.
CODES = "(a code) "


def counted_together(request: object, credentials: Mapping[str, Any] | None = None) -> list[list[str]]:
    """Which attempts are counted as one guesser's: those for a name from an address, so that nobody is locked out
    from afar. Codes are counted from everywhere: whoever comes to be asked for one has the password already."""
    name = (credentials or {}).get("username") or getattr(request, "username", "") or ""
    return [["username"]] if str(name).startswith(CODES) else [["username", "ip_address"]]


def address_of(request: HttpRequest) -> str:
    """Where a request comes from. What a proxy says is believed as far as there are proxies (GRADUS_PROXIES)."""
    here = str(request.META.get("REMOTE_ADDR", ""))
    said = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if one.strip()]
    behind = [*said, here]
    # Each proxy adds who it was asked by: the rest of the list is whatever the first one was told.
    return behind[max(0, len(behind) - 1 - settings.PROXIES)]


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer to whoever has guessed too often; the same for names that exist and names that do not."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    if request.path_info.startswith(API):
        detail = f"Too many wrong attempts. Try again in {minutes} minutes."
        return JsonResponse({"error": "Throttled", "detail": detail}, status=TOO_MANY)
    if (credentials or {}).get("username", "").startswith(CODES):
        message = gettext(
            "Too many wrong codes. None is tried any more for %(minutes)s minutes, not even the right one. If you have"
            " lost both the device and the recovery codes, ask whoever runs this server to remove your second factor."
        )
    else:
        message = gettext(
            "Too many wrong attempts from here for this name. Nothing is tried any more for %(minutes)s minutes, not"
            " even the right password. After that, sign in again, or ask a manager for a new password if yours is lost."
        )
    message %= {"minutes": minutes}
    return render(request, "error.html", {"status": TOO_MANY, "message": message}, status=TOO_MANY)


def note_wrong_token(request: HttpRequest) -> bool:
    """Count a token that opened nothing; whether that makes it too many from this address."""
    user_login_failed.send(sender=__name__, credentials={"username": NAMELESS}, request=request)
    return bool(getattr(request, "axes_locked_out", False))


def may_try_code(request: HttpRequest, name: str) -> bool:
    """Whether a code for this person is looked at; the request is answered by :func:`locked_out` where not."""
    credentials = {"username": CODES + name}
    if AxesProxyHandler.is_allowed(request, credentials):
        return True
    request.axes_locked_out = True  # type: ignore[attr-defined]
    request.axes_credentials = credentials  # type: ignore[attr-defined]
    return False


def note_wrong_code(request: HttpRequest, name: str) -> None:
    user_login_failed.send(sender=__name__, credentials={"username": CODES + name}, request=request)


def forget_wrong_codes(name: str) -> None:
    AxesProxyHandler.reset_attempts(username=CODES + name)
