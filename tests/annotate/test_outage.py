"""A full disk and a database that is away are known by what was raised; bugs are neither."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from annotate.outage import Outage, outage_of


def full_sqlite() -> sqlite3.Error:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE words (word)")
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as caught:
            database.execute("INSERT INTO words VALUES (?)", ("long" * 10_000,))
    return caught.value


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
        assert outage_of(full) == Outage.FULL
    for away in (OperationalError("server closed the connection"), InterfaceError("connection is closed")):
        assert outage_of(away) == Outage.AWAY
    for bug in (ZeroDivisionError(), IntegrityError(), DatabaseError(), OSError(errno.EACCES, "no")):
        assert outage_of(bug) is None
