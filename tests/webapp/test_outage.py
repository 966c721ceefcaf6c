"""A full disk and a database that is away are told in one sentence, with 503; bugs stay bugs."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.test import RequestFactory

from webapp.outage import failed, said_of


def full_sqlite() -> sqlite3.Error:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE words (word)")
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as caught:
            database.execute("INSERT INTO words VALUES (?)", ("long" * 10_000,))
    return caught.value


def answered(error: Exception, path: str = "/", accept: str = "text/html") -> Any:
    try:
        raise error
    except Exception:  # noqa: BLE001 - as Django catches it
        return failed(RequestFactory().get(path, headers={"accept": accept}))


def wrapped(cause: BaseException) -> OperationalError:
    error = OperationalError("as Django hands it on")
    error.__cause__ = cause
    return error


def test_a_full_disk_is_told_from_a_database_that_is_away() -> None:
    class OfPostgresql(Exception):
        sqlstate = "53100"

    for full in (
        OSError(errno.ENOSPC, "no"),
        OSError(errno.EDQUOT, "no"),
        wrapped(full_sqlite()),
        wrapped(OfPostgresql()),
    ):
        assert "disk is full" in said_of(full)
    for away in (OperationalError("server closed the connection"), InterfaceError("connection is closed")):
        assert "does not answer" in said_of(away)
    for bug in (ZeroDivisionError(), IntegrityError(), DatabaseError(), OSError(errno.EACCES, "no")):
        assert said_of(bug) == ""


def test_people_get_a_page_and_programs_get_json() -> None:
    page = answered(OperationalError())
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert "The database does not answer just now." in page.content.decode()
    for request in ({"path": "/api/projects/"}, {"accept": "application/json"}):
        answer = answered(OSError(errno.ENOSPC, "no"), **request)
        assert (answer.status_code, b"disk is full" in answer.content) == (503, True)
        assert answer["Content-Type"] == "application/json"


def test_a_bug_is_answered_as_before() -> None:
    answer = answered(ZeroDivisionError())
    assert answer.status_code == 500
    assert "fault of the program" in answer.content.decode()
