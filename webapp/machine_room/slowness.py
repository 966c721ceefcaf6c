"""What is slow: addresses by our own counts, statements where PostgreSQL keeps an account of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from webapp.durations import quantile
from webapp.timed_routes import by_route

MOST = 10
# Of fewer requests a 95th percentile says nothing.
LEAST_REQUESTS = 20
_LONGEST_STATEMENT = 300


@dataclass(frozen=True, slots=True)
class Route:
    """Seconds, within which half and 95 of 100 requests were answered."""

    route: str
    n: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Statement:
    """``text`` without its values; the mean in milliseconds, the total in seconds."""

    text: str
    calls: int
    mean_ms: float
    total_s: float


def slowest_routes() -> list[Route]:
    """Since counting began; slowest first."""
    found = [
        Route(route, n, quantile(counts, 0.5), quantile(counts, 0.95))
        for route, (counts, _) in by_route(settings.METRICS_DIR).items()
        if (n := sum(counts)) >= LEAST_REQUESTS
    ]
    return sorted(found, key=lambda one: (-one.p95, one.route))[:MOST]


def slowest_statements() -> list[Statement] | None:
    """Those that took most time in all; None where no account is kept or this user may not read it."""
    if connection.vendor != "postgresql":
        return None
    try:
        # In a transaction of its own: one that fails leaves the next statement well.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'")
            if cursor.fetchone() is None:
                return None
            cursor.execute(
                "SELECT query, calls, mean_exec_time, total_exec_time FROM pg_stat_statements"
                " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " ORDER BY total_exec_time DESC LIMIT %s",
                [MOST],
            )
            return [
                Statement(" ".join(text.split())[:_LONGEST_STATEMENT], calls, mean, total / 1000)
                for text, calls, mean, total in cursor.fetchall()
            ]
    except DatabaseError:
        return None
