"""Requests made up from the API's own schema, fit and unfit: no failure of ours, answers as documented, nothing told.

``GRADUS_FUZZ`` says how many are made up for each operation and each kind, always the same ones; the suite takes one of
each. More of them take long, so that operations are then dealt into parts, each a test with a time limit of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.cache import cache
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from annotate.enums import TokenScope
from annotate.tokens import make_token
from tests.factories import a_person, a_project
from tests.webapp.world import REFERENCE, SECRETS, World, a_world
from webapp.wsgi import application

pytestmark = pytest.mark.django_db

MADE_UP = int(os.environ.get("GRADUS_FUZZ", "1"))
PARTS = max(1, MADE_UP // 2)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
# So much of each fault is printed.
SHOWN = 1500
# What an answer that failed inside would show.
INSIDES = ("Traceback", "site-packages", "DoesNotExist", "psycopg", "sqlite3")


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> Iterator[World]:
    settings.RELEASES_DIR = tmp_path
    # The application runs inside the test's transaction, whose connection stays.
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield a_world(tmp_path)
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def with_real_ids(case: Case, world: World) -> None:
    """Where the world has such an object the request is about it: a made-up id ends at the door."""
    for name in case.path_parameters or {}:
        noun = re.search(rf"(\w+)/\{{{name}\}}", case.operation.path)
        if name == "slug":
            case.path_parameters[name] = world.project.slug
        elif noun and noun[1] in world.ids:
            case.path_parameters[name] = world.ids[noun[1]]


def each_operation(check: Callable[[Case], None], modes: tuple[GenerationMode, ...], part: int) -> None:
    schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    schema.app = application
    quiet = limits(
        max_examples=MADE_UP,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for result in islice(schema.get_all_operations(), part, None, PARTS):
        operation = result.ok()
        for mode in modes:
            try:
                quiet(given(operation.as_strategy(generation_mode=mode))(check))()
            except Unsatisfiable:
                # There is no unfit request to an operation that takes nothing.
                assert mode is GenerationMode.NEGATIVE, operation.label


def answer_to(case: Case, secret: str) -> Any:
    """The answer, and the world as it was."""
    cache.clear()
    headers = {"Authorization": f"Token {secret}", "Accept-Encoding": "identity"}
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    return response


def token_of(name: str) -> str:
    _, secret = make_token(a_person(name), name="made up", scopes=TokenScope.values, days=1)
    return secret


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_owner_sends_is_answered_as_documented(world: World, part: int) -> None:
    secret = token_of("alice")
    faults: list[str] = []

    def check(case: Case) -> None:
        with_real_ids(case, world)
        response = answer_to(case, secret)
        text = response.content.decode(errors="replace")
        faults.extend(f"{case.operation.label} shows {word}" for word in INSIDES if word in text)
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseExceptionGroup as several:
            faults.extend(f"{case.operation.label}: {one}" for one in several.exceptions)

    each_operation(check, (GenerationMode.POSITIVE, GenerationMode.NEGATIVE), part)
    assert not faults, "\n\n".join(fault[:SHOWN] for fault in faults)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_an_outsider_sends_tells_them_nothing(world: World, part: int) -> None:
    a_project(a_person("dan"))
    secret = token_of("dan")
    faults: list[str] = []

    def check(case: Case) -> None:
        with_real_ids(case, world)
        response = answer_to(case, secret)
        text = response.content.decode(errors="replace")
        told = [word for word in (*SECRETS, *INSIDES, REFERENCE) if word in text]
        if told or response.status_code >= 500:
            faults.append(f"{case.operation.label}: {response.status_code} {told}")

    each_operation(check, (GenerationMode.POSITIVE,), part)
    assert not faults, "\n\n".join(faults)
