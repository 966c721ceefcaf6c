from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.factories import a_person, a_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> None:
    cache.clear()


def sign_in(**credentials: str) -> Any:
    return APIClient().post("/api/sign-in/", credentials, format="json")


def test_a_token_opens_the_api_until_it_is_given_back():
    project = a_project(a_person("alice"))
    client = APIClient()
    client.credentials(
        HTTP_AUTHORIZATION=f"Token {sign_in(username='alice', password='alice-alice').data['token']}"
    )

    assert [row["slug"] for row in client.get("/api/projects/").data["results"]] == [project.slug]
    assert client.post("/api/sign-out/").status_code == 204
    assert client.get("/api/projects/").status_code == 401


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_name_and_a_wrong_password_sound_alike(password):
    a_person("alice")

    known = sign_in(username="alice", password="wrong")
    unknown = sign_in(username="nobody", password="wrong")

    assert known.status_code == unknown.status_code == 400
    assert known.data == unknown.data


def test_an_account_that_is_closed_gets_no_token():
    a_person("alice", is_active=False)

    assert sign_in(username="alice", password="alice-alice").status_code == 400


def test_guessing_is_slowed_down():
    answers = [sign_in(username="alice", password="guess").status_code for _ in range(11)]

    assert answers == [400] * 9 + [429] * 2
