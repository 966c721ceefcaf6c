from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from annotate.enums import Role, TokenScope
from annotate.models import LogEntry, Project
from annotate.tokens import make_token
from tests.factories import a_person, a_project
from tests.webapp.api.clients import signed_in
from webapp.api.scopes import CLOSED, SCOPES, scope_of

pytestmark = pytest.mark.django_db


def machine(*scopes: str, name: str = "alice", project: Project | None = None) -> APIClient:
    _, text = make_token(a_person(name), name="m", scopes=scopes, days=1, project=project)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    return client


def changing() -> set[str]:
    """Every address of the API with a method that changes something."""
    found = set()
    for pattern in get_resolver("webapp.api.urls").url_patterns:
        methods: Iterable[str] = getattr(pattern.callback, "actions", None) or {"post"}
        if pattern.name not in ("schema", "reference") and set(methods) - {"get", "head"}:
            found.add(str(pattern.name))
    return found


def test_every_address_that_changes_something_has_one_scope_or_is_closed() -> None:
    listed = [name for names in SCOPES.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) | CLOSED == changing()


def test_reading_is_read_and_the_unknown_is_closed() -> None:
    assert scope_of("traces", "GET") == TokenScope.READ
    assert scope_of("traces", "POST") == TokenScope.INGEST
    assert scope_of("something-new", "POST") is None
    assert scope_of("tokens", "GET") is None


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("ingest", "traces/"),
        ("label", "assignments/claim/"),
        ("run", "runs/"),
        ("release", "releases/"),
        ("admin", "members/"),
    ],
)
def test_a_token_does_what_it_is_for_and_nothing_else(scope: str, path: str) -> None:
    project = a_project()
    address = f"/api/projects/{project.slug}/{path}"
    others = [one for one in TokenScope.values if one != scope]
    refused = machine(*others).post(address, {}, format="json")
    assert refused.status_code == 403
    assert refused.data["detail"].startswith(f"This token is not for {scope};")
    assert machine(scope).post(address, {}, format="json").status_code != 403
    assert machine(scope).get("/api/projects/").status_code == 403


def test_no_token_makes_or_reads_tokens() -> None:
    client = machine(*TokenScope.values)
    assert client.get("/api/tokens/").status_code == 403
    assert client.post("/api/tokens/", {"name": "x", "scopes": ["read"]}, format="json").status_code == 403
    assert client.post("/api/sign-out/").status_code == 401


def test_a_token_reaches_no_further_than_its_person() -> None:
    project = a_project(bob=Role.ANNOTATOR)
    client = machine(*TokenScope.values, name="bob")
    assert client.get(f"/api/projects/{project.slug}/traces/").status_code == 403
    assert client.get(f"/api/projects/{a_project(a_person('eve')).slug}/").status_code == 404


def test_a_token_of_one_project_founds_none_and_sees_one() -> None:
    here, there = a_project(), a_project()
    client = machine("read", "admin", project=here)
    assert [row["slug"] for row in client.get("/api/projects/").data["results"]] == [here.slug]
    assert client.get(f"/api/projects/{there.slug}/").status_code == 404
    assert client.post("/api/projects/", {"name": "New"}, format="json").status_code == 403


def test_a_person_makes_lists_and_takes_back() -> None:
    project = a_project()
    alice = signed_in("alice")
    given = {"name": "nightly", "scopes": ["read"], "project": project.slug}
    made = alice.post("/api/tokens/", given, format="json")
    assert made.status_code == 201
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {made.data['token']}")
    assert client.get("/api/projects/").status_code == 200
    (listed,) = alice.get("/api/tokens/").data["results"]
    assert "token" not in listed
    assert signed_in("dan").delete(f"/api/tokens/{listed['id']}/").status_code == 404
    assert alice.delete(f"/api/tokens/{listed['id']}/").status_code == 204
    assert client.get("/api/projects/").status_code == 401
    elsewhere = signed_in("dan").post("/api/tokens/", given, format="json")
    assert elsewhere.status_code == 404


def test_the_logbook_says_which_token_it_was() -> None:
    project, bob = a_project(), a_person("bob")
    client = machine("admin")
    given = {"username": bob.username, "role": "viewer"}
    assert client.post(f"/api/projects/{project.slug}/members/", given, format="json").status_code == 200
    entry = LogEntry.objects.filter(noun="membership").latest("pk")
    assert (entry.actor_pk, entry.via[:13]) == (a_person("alice").pk, "token gradus_")
    read = signed_in("alice").get(f"/api/projects/{project.slug}/log/?noun=membership").data["results"]
    assert read[0]["after"] == {"person_id": bob.pk, "role": "viewer", "skills": []}
    assert signed_in("bob").get(f"/api/projects/{project.slug}/log/").status_code == 403
