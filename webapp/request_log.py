"""Every request has an id, which every line of the log about it bears and its answer tells; and is timed."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from webapp.durations import Counts, Durations
from webapp.timed_routes import route_counts

HEADER = "X-Request-ID"
# What a proxy gives is kept where it can do no harm in a log.
_FIT = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
# Answers that took longer are told of also where the others are not.
_SLOW_SECONDS = 2.0

# Scripts and styles are not timed: they are many, and nobody works them out.
_KINDS = (("/api/", "api"), ("/static/", "static"))

log = structlog.get_logger("gradus.request")


class RequestLog:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.durations = Durations(settings.METRICS_DIR)
        self._routes: Counts[str] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request_id = given if _FIT.fullmatch(given) else uuid.uuid4().hex
        began = time.perf_counter()
        # Threads are used again: whatever an earlier request bound is gone.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        response[HEADER] = request_id
        kind = next((name for path, name in _KINDS if request.path_info.startswith(path)), "page")
        self.durations.note(kind, response.status_code, seconds)
        self._note_route(request, seconds)
        if settings.LOGS_REQUESTS or response.status_code >= 500 or seconds > _SLOW_SECONDS:
            # The path alone: what follows it may be somebody's words, or an invitation.
            log.info(
                "request",
                method=request.method,
                path=request.path_info,
                status=response.status_code,
                ms=round(seconds * 1000, 1),
            )
        return response

    def _note_route(self, request: HttpRequest, seconds: float) -> None:
        if request.resolver_match is None:
            return
        # The routes are known once a request has been led by them.
        if self._routes is None:
            self._routes = route_counts(settings.METRICS_DIR)
        self._routes.count(request.resolver_match.route, seconds)
