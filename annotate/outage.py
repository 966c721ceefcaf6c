"""What passes by itself and is no fault of the program: a disk without room, a database that does not answer.

What was being written then was one transaction and is not there; whoever wanted it tries again.
"""

from __future__ import annotations

import errno
import sqlite3
from enum import StrEnum

from django.db import InterfaceError, OperationalError

_FULL = (errno.ENOSPC, errno.EDQUOT)
# The second where the file that readers and writers share has no room to grow.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_POSTGRESQL_FULL = "53100"


class Outage(StrEnum):
    """As it is written down; whoever shows it has words of their own."""

    FULL = "outage:full"
    AWAY = "outage:away"


def outage_of(error: BaseException) -> Outage | None:
    """Which of them ``error`` comes from, also by way of what it was raised from; None for any other."""
    if any(_is_full(one) for one in _causes(error)):
        return Outage.FULL
    return Outage.AWAY if isinstance(error, OperationalError | InterfaceError) else None


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def _is_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _SQLITE_FULL
    if getattr(error, "sqlstate", None) == _POSTGRESQL_FULL:
        return True
    return isinstance(error, OSError) and error.errno in _FULL
