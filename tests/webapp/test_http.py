from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError

from annotate.errors import BackendError, Conflict, GradusError, NotAllowed, NotEstimable, Rejected
from webapp.http import GradusErrorMiddleware, api_error

STATUSES: list[tuple[GradusError, int]] = [
    (NotAllowed(), 404),
    (NotAllowed("not yours", is_visible=True), 403),
    (Rejected("bad", row=3, field="label"), 400),
    (Conflict("late"), 409),
    (NotEstimable("one rater"), 422),
    (BackendError("busy", retry=True), 503),
    (BackendError("gone", retry=False), 502),
]


@pytest.mark.parametrize(("error", "status"), STATUSES, ids=lambda value: type(value).__name__)
def test_api_translates_every_error_once(error: GradusError, status: int) -> None:
    response = api_error(error, {})
    assert response is not None
    assert response.status_code == status
    assert response.data["detail"] == str(error)


def test_rejected_keeps_its_place() -> None:
    response = api_error(Rejected("is not a number", row=7, field="seconds"), {})
    assert response is not None
    assert (response.data["row"], response.data["field"]) == (7, "seconds")


def test_api_leaves_the_frameworks_errors_and_bugs_alone() -> None:
    expected = api_error(ValidationError("no"), {})
    assert expected is not None
    assert expected.status_code == 400
    assert api_error(ZeroDivisionError(), {}) is None


@pytest.mark.parametrize(("error", "status"), STATUSES, ids=lambda value: type(value).__name__)
def test_page_for_a_script_is_json_with_the_same_status(error: GradusError, status: int) -> None:
    middleware = GradusErrorMiddleware(lambda request: HttpResponse())
    request = RequestFactory().get("/", headers={"accept": "application/json"})
    if status == 404:
        with pytest.raises(Http404):
            middleware.process_exception(request, error)
        return
    response: Any = middleware.process_exception(request, error)
    assert response.status_code == status
    assert json.loads(response.content)["error"] == type(error).__name__


def test_page_leaves_bugs_loud() -> None:
    middleware = GradusErrorMiddleware(lambda request: HttpResponse())
    assert middleware.process_exception(RequestFactory().get("/"), ZeroDivisionError()) is None
