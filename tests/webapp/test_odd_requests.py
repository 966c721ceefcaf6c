"""What no page and no program of good will would send, at every address: refused, and never a failure of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import resolve
from django.utils.http import urlencode
from drf_spectacular.generators import SchemaGenerator

from annotate.models import Person
from tests.factories import a_person
from tests.webapp.test_doors import path_of, routes
from tests.webapp.world import World, a_world

pytestmark = pytest.mark.django_db

DEEP = "[" * 100_000
BODIES = {
    "deep lists": DEEP,
    "deep objects": '{"a":' * 100_000,
    "closed deep lists": "[" * 500 + "]" * 500,
    "deep in a field": '{"settings": {"a": ' + "[" * 500 + "]" * 500 + "}}",
    "digits": "[" + "9" * 5000 + "]",
    "a huge number": '{"seconds": 1, "overlap": ' + "9" * 400 + "}",
    "no number": '{"seconds": NaN}',
    "infinity": '{"seconds": 1e999}',
    "half a character": '{"name": "\\ud800", "username": "\\ud800", "password": "x", "slug": "a"}',
    "half a character as a name": '{"settings": {"\\ud800": 1}}',
    "NUL": '{"settings": {"a": "\\u0000"}, "name": "\\u0000", "username": "\\u0000", "password": "x"}',
    "no JSON": "{",
    "no UTF-8": b'{"name": "\xff"}',
}
# Those that every endpoint is tried with.
EVERYWHERE = ("deep lists", "deep in a field", "a huge number", "NUL", "half a character")
# Names that pages and the API look for in an address, by which code reads them.
_LOOKED_FOR = re.compile(r"(?:GET|query_params)\.(?:get|getlist)\(\s*\"(\w+)\"|(\w+) = forms\.\w+Field")


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.RELEASES_DIR = tmp_path
    # What is tried out here is no guessing of passwords.
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"sign-in": None}}
    cache.clear()
    made = a_world(tmp_path)
    Person.objects.filter(username="alice").update(is_superuser=True)
    return made


@pytest.fixture
def owner() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(a_person("alice"))
    return client


def status_of(ask: Callable[[], HttpResponseBase]) -> int:
    """What it is answered, and the world as it was."""
    with transaction.atomic():
        response = ask()
        if response.streaming:
            for _ in response.streaming_content:  # type: ignore[attr-defined]
                pass
        transaction.set_rollback(True)
    return response.status_code


def query_names() -> list[str]:
    def named() -> Iterator[str]:
        schema = SchemaGenerator().get_schema(request=None, public=True)
        for operations in schema["paths"].values():
            for operation in operations.values():
                yield from (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
        for path in Path("webapp").rglob("*.py"):
            yield from (one or other for one, other in _LOOKED_FOR.findall(path.read_text()))

    return sorted(set(named()))


def methods_of(path: str) -> list[str]:
    """By which methods an endpoint takes a body."""
    view: Any = resolve(path).func
    known = getattr(view, "actions", None) or vars(getattr(view, "cls", object))
    return [method for method in ("post", "put", "patch", "delete") if method in known]


def test_nobody_can_break_an_endpoint_by_its_body(world: World, owner: Client) -> None:
    wrong, n_asked = [], 0
    for route in (route for route in routes() if route.startswith("api/")):
        path = path_of(route, world)
        for method, name in product(methods_of(path), EVERYWHERE):
            cache.clear()
            ask = partial(owner.generic, method.upper(), path, BODIES[name], "application/json")
            n_asked += 1
            if (status := status_of(ask)) >= 500:
                wrong.append(f"{method} {route} {name}: {status}")
    assert n_asked > 200
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in BODIES if name != "no UTF-8"])
def test_signing_in_says_what_is_wrong_with_a_body(name: str) -> None:
    cache.clear()
    response = Client(raise_request_exception=False).post("/api/sign-in/", BODIES[name], "application/json")

    assert response.status_code == 400
    assert response.json()["error"] == "Rejected"
    assert response.json()["reason"]


def test_answers_of_the_labelling_page_are_refused_alike(world: World) -> None:
    bob = Client(raise_request_exception=False)
    bob.force_login(a_person("bob"))
    place = f"/assignments/{world.ids['assignments']}/answers/"

    for name, body in BODIES.items():
        assert bob.post(place, body, "application/json").status_code == 400, name


def test_an_answer_that_cannot_be_kept_does_not_hold_others_back(world: World) -> None:
    bob = Client()
    bob.force_login(a_person("bob"))
    place = f"/assignments/{world.ids['assignments']}/"
    page = bob.get(place).content.decode()
    token = int(re.findall(r'name="token" value="(\d+)"', page)[0])
    criterion, position = map(int, re.findall(r'name="answer-(\d+)-(\d+)"', page)[0])
    said = {"criterion": criterion, "position": position, "value": "good"}
    sent = {"token": token, "answers": [{**said, "text": "\ud800"}, {**said, "value": "\0"}, said]}

    answered = bob.post(f"{place}answers/", json.dumps(sent), "application/json").json()["answers"]

    assert ["refused" in one for one in answered] == [True, True, False]


def test_no_address_takes_a_nul(world: World, owner: Client) -> None:
    """PostgreSQL takes none in a text, and its driver says so by an exception."""
    names = query_names()
    assert {"noun", "after", "reason", "search", "rater", "token", "page"} <= set(names)
    for route in routes():
        path = path_of(route, world)
        for query in (urlencode(dict.fromkeys(names, "\0")), "a%00=1"):
            assert status_of(partial(owner.get, f"{path}?{query}")) == 400, route
    for path in ("/projects/%00/", "/api/projects/%00/log/", "/%00", "/static/%00.css"):
        assert status_of(partial(owner.get, path)) in (400, 404), path


def test_a_refusal_is_a_page_for_people_and_json_for_programs(world: World, owner: Client) -> None:
    page = owner.get(f"/projects/{world.project.slug}/log/?noun=%00", headers={"accept": "text/html"})
    listed = owner.get(f"/api/projects/{world.project.slug}/log/?noun=%00", headers={"accept": "text/html"})

    assert b"NUL" in page.content
    assert page["Content-Type"].startswith("text/html")
    assert listed.json()["error"] == "Rejected"


def test_a_form_whose_fields_have_a_nul_in_their_names_is_refused(world: World, owner: Client) -> None:
    assert owner.post("/new/", {"na\0me": "x"}).status_code == 400


def test_a_cookie_is_no_way_round(world: World) -> None:
    client = Client(raise_request_exception=False, headers={"cookie": 'sessionid="abcdefgh\\000ijklmnop"'})

    assert client.get("/").status_code == 302
