"""One id goes with a request through every line of the log."""

from __future__ import annotations

import json
import logging
import sys
from io import StringIO
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from webapp.request_log import RequestLog

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(settings: Any, tmp_path: Any) -> Any:
    """What is logged, as production writes it."""
    settings.METRICS_DIR = tmp_path
    formatter = dict(settings.LOGGING["formatters"]["structured"])
    formatter.pop("()")
    formatter["processor"] = structlog.processors.JSONRenderer()
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**formatter))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


def test_every_line_about_a_request_bears_its_id(settings, lines) -> None:
    settings.LOGS_REQUESTS = True

    def view(request: HttpRequest) -> HttpResponse:
        logging.getLogger("annotate.somewhere").warning("odd")
        return HttpResponse("x")

    given = {"X-Request-ID": "proxy-gave-this-1"}
    answer = RequestLog(view)(RequestFactory().get("/me/?secret=1", headers=given))

    assert answer["X-Request-ID"] == "proxy-gave-this-1"
    odd, told = lines()
    assert (odd["event"], odd["request_id"]) == ("odd", "proxy-gave-this-1")
    assert (told["event"], told["path"], told["status"], told["request_id"]) == (
        "request",
        "/me/",
        200,
        "proxy-gave-this-1",
    )
    assert told["ms"] >= 0


@pytest.mark.parametrize("given", ["", "short", 'a"b{}\u2028', "x" * 65])
def test_an_id_that_could_do_harm_is_replaced(settings, lines, given: str) -> None:
    headers = {"x-request-id": given} if given.isascii() and given else {}
    assert len(Client(headers=headers).get("/health/x/").headers["X-Request-ID"]) == 32


def test_where_requests_are_not_logged_errors_are(settings, lines) -> None:
    settings.LOGS_REQUESTS = False
    RequestLog(lambda request: HttpResponse(status=200))(RequestFactory().get("/a/"))
    RequestLog(lambda request: HttpResponse(status=500))(RequestFactory().get("/b/"))
    assert [line["path"] for line in lines()] == ["/b/"]


@pytest.mark.parametrize("renderer", ["production", "development"])
def test_what_failed_is_logged_with_its_traceback_and_without_its_values(settings, renderer) -> None:
    """Local variables hold passwords and keys."""
    formatter = dict(settings.LOGGING["formatters"]["structured"])
    formatter.pop("()")
    if renderer == "production":
        formatter["processor"] = structlog.processors.JSONRenderer()

    def fails() -> None:
        password = "".join(["correct ", "horse"])
        raise ValueError(len(password))

    try:
        fails()
    except ValueError:
        record = logging.getLogger("django.request").makeRecord(
            "django.request", logging.ERROR, __file__, 1, "Internal Server Error", (), sys.exc_info()
        )
    line = structlog.stdlib.ProcessorFormatter(**formatter).format(record)
    assert "in fails" in line
    assert "ValueError: 13" in line
    assert "correct horse" not in line
