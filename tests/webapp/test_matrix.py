"""Every address and method of Gradus, tried by every kind of visitor, against the matrix in docs/access_matrix.csv.

What stands in the matrix was read line by line and is what is meant; an address without a line fails.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from annotate.enums import Role
from annotate.ingest.founding import add_member
from tests.factories import a_person, a_project
from tests.paths import REPOSITORY
from tests.webapp.api.clients import content_of_file
from tests.webapp.test_doors import path_of
from tests.webapp.world import World, a_world

pytestmark = pytest.mark.django_db

MATRIX = REPOSITORY / "docs" / "access_matrix.csv"
# Dan has a project of his own. Bob holds what is an annotator's own in the world.
VISITORS = {
    "stranger": "",
    "outsider": "dan",
    "viewer": "eve",
    "annotator": "bob",
    "reviewer": "carol",
    "manager": "mia",
    "owner": "alice",
}
NO_SUCH_METHOD = 405


def addresses() -> list[tuple[str, tuple[str, ...]]]:
    return sorted(_addresses(get_resolver().url_patterns, ""))


def _addresses(
    patterns: list[URLPattern | URLResolver], before: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        else:
            # A view of the API without actions asks who comes before it says that it has no such method.
            view = getattr(pattern.callback, "cls", None)
            plain = [one for one in ("get", "post") if view is None or hasattr(view, one)]
            methods = [one.upper() for one in getattr(pattern.callback, "actions", None) or plain]
            yield route, tuple(method for method in methods if method != "HEAD")


def written() -> dict[tuple[str, str], dict[str, str]]:
    with MATRIX.open(newline="") as file:
        return {(row["address"], row["method"]): row for row in csv.DictReader(file)}


# What every answer carries, whoever it is for and whatever became of the request.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

POLICY = (
    *("default-src 'self'", "script-src 'self'", "style-src 'self'"),
    *("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"),
)


def assert_guarded(response: Any) -> None:
    headers = response.headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = headers["Content-Security-Policy"].split("; ")
    # What people have brought in is given out under a policy of its own, which allows nothing at all.
    assert "default-src 'none'" in policy or set(POLICY) <= set(policy)
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    for cookie in response.cookies.values():
        assert cookie["samesite"] == "Lax"
        # One that is taken away says nothing.
        assert cookie["httponly"] or not cookie.value or cookie.key == "csrftoken"


def said(response: Any) -> str:
    """What the answer comes to, in the words of the matrix."""
    assert_guarded(response)
    if response.streaming:
        content_of_file(response)
    if response.status_code == 302 and response.headers["Location"].startswith("/sign-in/?next="):
        return "sign in"
    assert response.status_code < 500, response.request
    return {401: "sign in", 403: "no", 404: "hidden"}.get(response.status_code, "yes")


def tried(world: World, visitor: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Each request is taken back, so that every one finds the world as it was."""
    client = Client()
    if VISITORS[visitor]:
        client.force_login(a_person(VISITORS[visitor]))
    signed_in = {name: cookie.value for name, cookie in client.cookies.items()}
    for route, methods in addresses():
        for method in methods:
            with transaction.atomic():
                response = client.generic(method, path_of(route, world), "{}", "application/json")
                transaction.set_rollback(True)
            client.cookies = SimpleCookie(signed_in)
            if response.status_code != NO_SUCH_METHOD:
                yield (route, method), said(response)


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.RELEASES_DIR = tmp_path
    cache.clear()
    made = a_world(tmp_path)
    a_project(a_person("dan"))
    for name, role in (("eve", Role.VIEWER), ("mia", Role.MANAGER)):
        add_member(made.project, a_person(name), role)
    return made


def refusals(world: World, visitor: str) -> Iterator[str]:
    """Where what happens is not what is meant. A stranger is sent to sign in before anybody looks at the method."""
    meant = {key: row[visitor] for key, row in written().items()}
    found = dict(tried(world, visitor))
    for key in sorted(meant | found):
        is_nowhere = key not in meant and visitor == "stranger" and found[key] == "sign in"
        if meant.get(key) != found.get(key) and not is_nowhere:
            yield f"{visitor} {key[1]} /{key[0]}: meant {meant.get(key)}, found {found.get(key)}"


@pytest.mark.timeout(900)
def test_whoever_comes_gets_what_the_matrix_says(world: World) -> None:
    assert [line for visitor in VISITORS for line in refusals(world, visitor)] == []


def test_the_matrix_hides_every_object_from_outsiders() -> None:
    for (route, method), row in written().items():
        if "<" in route:
            assert (row["stranger"], row["outsider"]) == ("sign in", "hidden"), (route, method)
        assert row["owner"] == row["manager"] or "tokens/<" in route, (route, method)
        assert set(row.values()) <= {route, method, "yes", "no", "hidden", "sign in"}
