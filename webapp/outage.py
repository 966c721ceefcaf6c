"""What people are told when the server cannot just now: its disk is full, or its database away.

Neither is a fault of the program, and both pass. What was asked for has not been done, since it was one transaction.
Django comes here with everything that nobody caught, also from in front of the views; bugs are answered as before.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.defaults import server_error

from annotate.outage import Outage, outage_of
from webapp.addresses import API

AGAIN_SECONDS = 10


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
    match outage_of(error):
        case Outage.FULL:
            return gettext(
                "The server's disk is full. Nothing of this was saved; try again once its operator has made room."
            )
        case Outage.AWAY:
            return gettext(
                "The database does not answer just now. Nothing of this was saved; try again in a moment."
            )
    return ""
