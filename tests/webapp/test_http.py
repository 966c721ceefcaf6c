from __future__ import annotations

import json
from typing import Any

import pytest
from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation
from rest_framework.exceptions import ValidationError

from annotate.errors import BackendError, Conflict, GradusError, NotAllowed, NotEstimable, Rejected
from annotate.models import Project
from tests.factories import a_person
from webapp.http import ContentPolicy, GradusErrorMiddleware, api_error

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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chosen", "asked", "spoken"),
    [
        ("", "de-AT,en;q=0.8", "de"),
        ("", "fr", "en"),
        ("", "", "en"),
        ("de", "en", "de"),
        ("en", "de", "en"),
        ("taken-away", "de", "de"),
    ],
)
def test_a_page_speaks_the_persons_language_else_the_browsers(chosen: str, asked: str, spoken: str) -> None:
    person = a_person("bob")
    type(person).objects.filter(pk=person.pk).update(language=chosen)
    client = Client(headers={"accept-language": asked})
    client.force_login(person)
    page = client.get("/me/")
    assert page["Content-Language"] == spoken
    assert f'<html lang="{spoken}"'.encode() in page.content
    assert {"Accept-Language", "Cookie"} <= set(page["Vary"].replace(" ", "").split(","))
    # What was spoken for one request is not left over for the next of the same thread.
    assert translation.get_language() == "en"


@pytest.mark.django_db
def test_errors_are_pages_in_the_language_too_and_the_api_speaks_english() -> None:
    client = Client(headers={"accept-language": "de"})
    client.force_login(a_person("bob"))
    missing = client.get("/projects/none/")
    assert missing.status_code == 404
    assert b"Hier ist nichts" in missing.content
    refused = client.post("/api/projects/", {"name": "!!!"}, content_type="application/json")
    assert refused["Content-Language"] == "en"
    assert refused.json()["detail"] == "field name: a project needs a name with at least one letter or digit"


@pytest.mark.django_db
def test_what_a_form_refuses_is_said_in_the_language() -> None:
    client = Client(headers={"accept-language": "de"})
    client.force_login(a_person("bob"))
    refused = client.post("/new/", {"name": "!!!", "overlap": "1", "language": "de"})
    assert refused.status_code == 400
    assert "ein Projekt braucht einen Namen" in refused.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "title"), [("de", "Urteil"), ("en", "Verdict"), ("xx", "Verdict")])
def test_a_rubric_is_copied_in_the_language_that_was_chosen_for_it(language: str, title: str) -> None:
    client = Client(headers={"accept-language": "de"})
    client.force_login(a_person("bob"))
    client.post("/new/", {"name": "Sums", "overlap": "1", "preset": "prm-verdicts", "language": language})
    rubric = Project.objects.get(slug="sums").rubric
    assert rubric is not None
    assert rubric.criteria.get(key="verdict").title == title
    assert list(rubric.criteria.get(key="verdict").levels.values_list("key", flat=True)) == [
        "good",
        "neutral",
        "bad",
        "unsure",
    ]


def test_the_policy_is_the_one_that_django_csp_would_send() -> None:
    request, blank = RequestFactory().get("/"), HttpResponse()
    theirs = CSPMiddleware(lambda _: HttpResponse())(request)[HEADER]
    ours = ContentPolicy(lambda _: blank)(request)[HEADER]
    assert sorted(ours.split("; ")) == sorted(theirs.split("; "))


def test_a_view_keeps_the_policy_that_it_has_set_itself() -> None:
    own = HttpResponse(headers={HEADER: "default-src 'none'"})
    assert ContentPolicy(lambda _: own)(RequestFactory().get("/"))[HEADER] == "default-src 'none'"
