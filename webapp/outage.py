"""What people are told when the server cannot just now: its disk is full, or its database away.

Neither is a fault of the program, and both pass. What was asked for has not been done, since it was one transaction.
Django comes here with everything that nobody caught, also from in front of the views; bugs are answered as before.
"""

from __future__ import annotations

import errno
import sqlite3
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.defaults import server_error

from webapp.addresses import API

AGAIN_SECONDS = 10
_FULL = (errno.ENOSPC, errno.EDQUOT)
# The second where the file that readers and writers share has no room to grow.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_POSTGRESQL_FULL = "53100"


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to what nobody caught: 503 with the reason where it passes by itself, else 500."""
    error = sys.exc_info()[1]
    reason = said_of(error) if error is not None else ""
    if not reason:
        return server_error(request)
    is_machine_read = request.path_info.startswith(API) or not request.accepts("text/html")
    answer = (
        JsonResponse({"error": "Unavailable", "detail": reason}, status=503)
        if is_machine_read
        else HttpResponse(render_to_string("503.html", {"reason": reason}), status=503)
    )
    answer["Retry-After"] = str(AGAIN_SECONDS)
    return answer


def said_of(error: BaseException) -> str:
    """One sentence for people; empty for what is a fault of the program."""
    if any(_is_full(one) for one in _causes(error)):
        return gettext(
            "The server's disk is full. Nothing of this was saved; try again once its operator has made room."
        )
    if isinstance(error, OperationalError | InterfaceError):
        return gettext(
            "The database does not answer just now. Nothing of this was saved; try again in a moment."
        )
    return ""


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _is_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _SQLITE_FULL
    if getattr(error, "sqlstate", None) == _POSTGRESQL_FULL:
        return True
    return isinstance(error, OSError) and error.errno in _FULL
