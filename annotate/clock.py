"""What time it is for a whole site: by the clock of its database, which all its machines share.

A lease is written by one machine and judged by another. Were each to go by its own clock, one that is an hour ahead
would take what others are working on, and one that is behind would hold on to what it has lost. Whatever decides about
somebody else's work asks here; dates that are only shown may be the machine's own.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

# For so long a reading is carried on by the pace of this machine, which setting its clock does not change.
KEPT_SECONDS = 10.0

_reading: tuple[datetime, float] | None = None


def now() -> datetime:
    """The time by the database's clock; SQLite has none but this machine's. A query every ten seconds at most.

    Raises DatabaseError where the database does not answer.
    """
    global _reading  # noqa: PLW0603 - one clock for the whole process
    if connection.vendor != "postgresql":
        return timezone.now()
    paced = steady()
    if _reading is None or not 0 <= paced - _reading[1] < KEPT_SECONDS:
        _reading = (_asked(), paced)
    return _reading[0] + timedelta(seconds=paced - _reading[1])


def _asked() -> datetime:
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Not by Django's cursor: it is no query of whoever happens to be the first to ask, and is not counted as theirs.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        said: datetime = cursor.fetchone()[0]
    return said.astimezone(UTC)


def steady() -> float:
    """Seconds that pass while the machine sleeps as well, and that nobody sets; from some moment of its own."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
