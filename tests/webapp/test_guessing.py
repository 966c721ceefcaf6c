from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient

from annotate.models import Person
from tests.factories import a_person
from webapp.guessing import address_of

pytestmark = pytest.mark.django_db

WRONG = {"username": "alice", "password": "guess"}
RIGHT = {"username": "alice", "password": "alice-alice"}


@pytest.fixture(autouse=True)
def _three_attempts(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    cache.clear()
    a_person("alice")


def sign_in(given: dict[str, str], address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post("/sign-in/", given)


def test_who_guesses_too_often_is_told_plainly_and_the_right_password_does_not_help() -> None:
    assert [sign_in(WRONG).status_code for _ in range(3)] == [200, 200, 429]
    locked = sign_in(RIGHT)
    assert locked.status_code == 429
    assert "for 15 minutes" in locked.content.decode()
    assert sign_in(RIGHT, address="192.0.2.2").status_code == 302


def test_a_name_that_nobody_has_is_answered_alike() -> None:
    unknown = WRONG | {"username": "nobody"}
    assert [sign_in(unknown).status_code for _ in range(4)] == [200, 200, 429, 429]


def test_the_lock_opens_by_itself() -> None:
    for _ in range(3):
        sign_in(WRONG)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert sign_in(RIGHT).status_code == 302


def test_the_right_password_in_between_begins_anew() -> None:
    assert [sign_in(one).status_code for one in (WRONG, WRONG, RIGHT, WRONG, WRONG, RIGHT)] == [
        *(200, 200, 302),
        *(200, 200, 302),
    ]


def test_pages_and_api_count_together() -> None:
    client = APIClient(REMOTE_ADDR="192.0.2.1")
    statuses = [client.post("/api/sign-in/", WRONG, format="json").status_code for _ in range(2)]
    assert statuses == [400, 400]
    assert sign_in(WRONG).status_code == 429
    locked = client.post("/api/sign-in/", RIGHT, format="json")
    assert (locked.status_code, locked.json()["error"]) == (429, "Throttled")


@pytest.mark.parametrize("token", ["gradus_wrong", "0" * 64])
def test_wrong_tokens_are_counted_and_stopped(token: str) -> None:
    client = APIClient(REMOTE_ADDR="192.0.2.1")
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert [client.get("/api/projects/").status_code for _ in range(4)] == [401, 401, 429, 429]
    # Who signs in with a name from there is not locked out by it.
    assert sign_in(RIGHT).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "said", "address"),
    [
        (0, "198.51.100.7", "10.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (2, "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "", "10.0.0.1"),
    ],
)
def test_an_address_that_was_made_up_is_not_believed(
    settings: Any, proxies: int, said: str, address: str
) -> None:
    settings.PROXIES = proxies
    headers = {"x-forwarded-for": said} if said else {}
    assert address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")) == address


def test_there_is_nobody_to_sign_in_as_in_a_new_database() -> None:
    assert set(Person.objects.values_list("username", flat=True)) == {"alice"}
