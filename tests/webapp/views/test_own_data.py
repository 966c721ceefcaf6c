from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from annotate.enums import Role
from annotate.models import Person
from tests.factories import a_person, a_project
from tests.webapp.api.clients import content_of_file
from tests.webapp.views.clients import signed_in

pytestmark = pytest.mark.django_db


def test_a_person_takes_their_data_along_and_leaves() -> None:
    a_project(bob=Role.VIEWER)
    bob = signed_in("bob")
    answer = bob.get("/me/data/own.jsonl")
    rows = [json.loads(line) for line in content_of_file(answer).decode().splitlines()]
    assert (rows[0]["username"], rows[1]["role"]) == ("bob", "viewer")
    wrong = bob.post("/me/data/", {"username": "bob", "password": "guess"})
    assert (wrong.status_code, Person.objects.filter(username="bob").exists()) == (400, True)
    left = bob.post("/me/data/", {"username": "bob", "password": "bob-bob"}, follow=True)
    assert b"Your account is closed." in left.content
    assert not Person.objects.filter(username="bob").exists()


def test_an_owner_is_told_what_stands_in_the_way() -> None:
    a_project()
    alice = signed_in("alice")
    answer = alice.post("/me/data/", {"username": "alice", "password": "alice-alice"})
    assert (answer.status_code, b"would have no owner" in answer.content) == (400, True)
    assert a_person("alice").is_active


def test_guessing_the_password_there_is_stopped_as_at_the_sign_in_page(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    bob, right = signed_in("bob"), {"username": "bob", "password": "bob-bob"}
    # Another name costs no attempt: it says nothing about the password.
    assert bob.post("/me/data/", right | {"username": "rob"}).status_code == 400
    wrong = [bob.post("/me/data/", right | {"password": "guess"}).status_code for _ in range(3)]
    assert wrong == [400, 400, 429]
    locked = bob.post("/me/data/", right)
    assert (locked.status_code, b"Too many wrong attempts" in locked.content) == (429, True)
    assert a_person("bob").is_active
    assert Client().post("/sign-in/", right).status_code == 429
