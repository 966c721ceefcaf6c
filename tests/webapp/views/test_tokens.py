from __future__ import annotations

import re

import pytest
from rest_framework.test import APIClient

from annotate.models import MachineToken
from tests.factories import a_person, a_project
from tests.webapp.views.clients import queries_with_one_and_three, signed_in

pytestmark = pytest.mark.django_db


def test_a_token_is_shown_once() -> None:
    project = a_project()
    alice = signed_in("alice")
    given = {"name": "nightly", "scopes": ["read", "run"], "project": project.slug, "days": "30"}
    page = alice.post("/me/tokens/", given)
    assert "no-store" in page["Cache-Control"]
    found = re.search(r"gradus_[\w-]{40,}", page.content.decode())
    assert found is not None
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {found[0]}")
    assert client.get("/api/projects/").status_code == 200
    again = alice.get("/me/tokens/").content.decode()
    assert found[0] not in again
    assert "nightly" in again
    token = MachineToken.objects.get()
    assert alice.post(f"/me/tokens/{token.pk}/revoke/").status_code == 302
    assert client.get("/api/projects/").status_code == 401
    assert b"Taken back." in alice.get("/me/tokens/").content


def test_somebody_elses_project_or_token_cannot_be_named() -> None:
    project = a_project()
    dan = signed_in("dan")
    given = {"name": "x", "scopes": ["read"], "project": project.slug, "days": "30"}
    assert dan.post("/me/tokens/", given).status_code == 400
    signed_in("alice").post("/me/tokens/", given)
    assert dan.post(f"/me/tokens/{MachineToken.objects.get().pk}/revoke/").status_code == 404


def test_the_page_costs_the_same_whatever_the_number_of_tokens() -> None:
    project = a_project()
    alice = signed_in("alice")

    def make() -> None:
        MachineToken.objects.create(
            person=a_person("alice"),
            project=project,
            name="t",
            digest=f"{MachineToken.objects.count()}",
            shown="gradus_",
            scopes=["read"],
            expires_at="2999-01-01T00:00Z",
        )

    one, three = queries_with_one_and_three(alice, "/me/tokens/", make)
    assert one == three
