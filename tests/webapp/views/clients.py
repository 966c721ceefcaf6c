from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import a_person


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(a_person(name))
    return client


def queries_of(client: Client, path: str) -> int:
    """How many queries a page takes, once its caches are warm."""
    assert client.get(path).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def queries_with_one_and_three(client: Client, path: str, make: Callable[[], object]) -> tuple[int, int]:
    """The page's queries with one row and with three; equal when no row costs one of its own."""
    make()
    with_one = queries_of(client, path)
    make()
    make()
    return with_one, queries_of(client, path)
