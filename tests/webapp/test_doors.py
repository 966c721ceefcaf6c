"""Every address of Gradus, tried by those who must not see what is behind it (who may open what: test_matrix.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import a_person
from tests.webapp.api.clients import content_of_file
from tests.webapp.world import REFERENCE, SECRETS, SLUG, World, a_world

pytestmark = pytest.mark.django_db

NO_SUCH_METHOD = 405
# Not there where the settings name no issuer, as here; with one: tests/webapp/views/test_issuer.py.
WITH_AN_ISSUER = ("sign-in/issuer/", "sign-in/issuer/back/")


def routes() -> list[str]:
    return sorted(_routes_in(get_resolver().url_patterns, ""))


def _routes_in(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes_in(pattern.url_patterns, route)
        else:
            yield route


def path_of(route: str, world: World) -> str:
    """The route with real ids in it. An id of a new noun fails here until ``a_world`` makes one."""
    path = re.sub(r"(\w+)/<int:pk>", lambda match: f"{match[1]}/{world.ids[match[1]]}", route)
    path = path.replace("<slug:slug>", world.project.slug).replace("<path:name>", "data/train.jsonl")
    path = path.replace("<str:digest>", world.digest)
    assert "<" not in path, f"no object for {route}: teach tests/webapp/world.py"
    return f"/{path}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    location: str


def answers(client: Client, path: str) -> dict[str, Answer]:
    """The answers to GET and POST, without those that say there is no such method."""
    tried = {"GET": client.get(path), "POST": client.post(path, {}, content_type="application/json")}
    read = {method: answer_of(response) for method, response in tried.items()}
    return {method: answer for method, answer in read.items() if answer.status != NO_SUCH_METHOD}


def answer_of(response: Any) -> Answer:
    text = content_of_file(response) if response.streaming else response.content
    return Answer(response.status_code, text.decode(errors="replace"), response.headers.get("Location", ""))


def signed_in(name: str) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(a_person(name))
    return client


@pytest.fixture(scope="module")
def made(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Path]]:
    """A world is dear to make. What a test does to it is taken back after the test, and all of it after the last."""
    folder = tmp_path_factory.mktemp("releases")
    with django_db_blocker.unblock(), override_settings(RELEASES_DIR=folder), transaction.atomic():
        yield a_world(folder), folder
        transaction.set_rollback(True)


@pytest.fixture
def world(made: tuple[World, Path], settings: Any) -> World:
    cache.clear()  # of earlier attempts to sign in
    settings.RELEASES_DIR = made[1]
    return made[0]


@pytest.mark.parametrize("route", [route for route in routes() if "<" not in route])
def test_what_everybody_may_open_tells_a_stranger_nothing(world, route):
    for answer in answers(signed_in("dan"), path_of(route, world)).values():
        assert SLUG not in answer.text


@pytest.mark.parametrize("route", routes())
def test_an_annotator_never_sees_what_others_said(world, route):
    """Labels of people and machines, gold, references and meta data: all planted, none may show."""
    answer = answer_of(signed_in("bob").get(path_of(route, world)))

    is_there = answer.status in (200, 302, 401, 403, NO_SUCH_METHOD)
    assert is_there if route not in WITH_AN_ISSUER else answer.status == 404
    assert not [secret for secret in (*SECRETS, REFERENCE) if secret in answer.text]


@pytest.mark.parametrize("route", ["assignments/<int:pk>/", "api/assignments/<int:pk>/"])
def test_the_reference_is_shown_where_the_project_says_so(world, route):
    type(world.project).objects.filter(pk=world.project.pk).update(shows_reference=True)

    assert REFERENCE in answer_of(signed_in("bob").get(path_of(route, world))).text


@pytest.mark.parametrize("name", ["alice", "carol"])
def test_an_assignment_is_its_holders_alone(world, name):
    for route in [route for route in routes() if "assignments/<int:pk>" in route]:
        for answer in answers(signed_in(name), path_of(route, world)).values():
            assert answer.status == 404, route


@pytest.mark.parametrize("name", ["alice", "carol"])
def test_a_comparison_is_its_holders_alone(world, name):
    """Members are told that it is not theirs: it may have been, before its lease ran out."""
    for route in [route for route in routes() if "comparisons/<int:pk>" in route]:
        for answer in answers(signed_in(name), path_of(route, world)).values():
            assert answer.status == 403, route
