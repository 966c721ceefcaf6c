"""Whether this process lives, whether it can serve, and figures for Prometheus: answered before anything else is asked.

In front of the checks of hosts and HTTPS, since whoever asks is a load balancer or a container that knows only an
address. Nobody learns anything of a project here; figures are for whoever has the token or sits on the same machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from webapp.figures import exposition

LIVE, READY, METRICS = "/health/", "/ready/", "/metrics/"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.is_migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = {LIVE: self.live, READY: self.ready, METRICS: self.metrics}.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        response = answer(request) if request.method in ("GET", "HEAD") else HttpResponse(status=405)
        response["Cache-Control"] = "no-store"
        return response

    def live(self, request: HttpRequest) -> HttpResponse:
        """The process answers; a database that is away is no reason to restart it."""
        return JsonResponse({"live": True})

    def ready(self, request: HttpRequest) -> HttpResponse:
        """Whether pages can be served: the database answers and has this version's tables.

        Without a broker people go on labelling, and what waits is sent by the next sweep, hence it is not asked.
        """
        trouble = self._trouble()
        return JsonResponse({"ready": not trouble, "trouble": trouble}, status=503 if trouble else 200)

    def _trouble(self) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not self.is_migrated:
                executor = MigrationExecutor(connection)
                # Once true it stays so for as long as this code runs.
                self.is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "the database does not answer"
        return "" if self.is_migrated else "the database is to be migrated"

    def metrics(self, request: HttpRequest) -> HttpResponse:
        if not _may_read_figures(request):
            # As any other address that is not there.
            return HttpResponse(status=404)
        try:
            return HttpResponse(exposition(), content_type=TEXT)
        except DatabaseError:
            return HttpResponse("the database does not answer\n", status=503, content_type=TEXT)


def _may_read_figures(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
    # What a proxy passes on comes from its address; it says so.
    is_passed_on = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not is_passed_on
