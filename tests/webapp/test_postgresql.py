"""A connection that was used a moment ago is not asked whether it is alive, and one that was closed is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from tests.services import POSTGRES
from webapp.postgresql.base import DatabaseWrapper, base
from webapp.settings import database_from

pytestmark = [pytest.mark.needs_postgres, pytest.mark.django_db]


@pytest.fixture
def database() -> Iterator[Any]:
    found: Any = ConnectionHandler({"default": database_from(POSTGRES.address)})["default"]
    found.inc_thread_sharing()
    yield found
    found.close()


def number_of(database: Any) -> int:
    """The server's process for this connection, asked as at the start of a request."""
    database.close_if_unusable_or_obsolete()
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    return int(number)


def test_the_server_is_asked_once_in_a_while(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    usual = base.DatabaseWrapper.is_usable
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: asked.append(1) or usual(self))
    assert isinstance(database, DatabaseWrapper)
    first = number_of(database)
    assert {number_of(database) for _ in range(5)} == {first}
    assert len(asked) == 1
    database.sure_until = 0.0
    assert number_of(database) == first
    assert len(asked) == 2


def test_a_connection_that_the_server_closed_is_replaced(database: Any) -> None:
    first = [number_of(database), number_of(database)][-1]
    other: Any = ConnectionHandler({"default": database_from(POSTGRES.address)})["default"]
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [first])
    other.close()
    assert number_of(database) != first


def test_within_a_request_a_lost_connection_is_an_error(database: Any) -> None:
    number_of(database)
    with database.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert not database.is_usable()


def test_whoever_goes_away_without_a_word_is_given_up_soon(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute("SHOW tcp_keepalives_idle")
        idle = cursor.fetchone()[0]
        cursor.execute("SHOW tcp_user_timeout")
        # A server on the same machine may be reached by a socket that knows neither.
        assert (idle, cursor.fetchone()[0]) in (("20", "40000"), ("0", "0"))
    assert database.settings_dict["OPTIONS"]["keepalives_idle"] == 20
    given = database_from(f"{POSTGRES.address}?keepalives_idle=7")
    assert str(given["OPTIONS"]["keepalives_idle"]) == "7"


def test_statements_are_not_compiled(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone()[0] == "off"
